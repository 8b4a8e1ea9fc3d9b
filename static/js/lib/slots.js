// Markup exists once, in the server's partials: here it is cloned and its slots are filled with text.
export function clone(templateId) {
  const template = document.getElementById(templateId);
  return document.importNode(template.content, true).firstElementChild;
}

export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    const slot = root.querySelector(`[data-slot="${name}"]`);
    const text = value === null || value === undefined ? "" : String(value);
    if (slot && slot.textContent !== text) slot.textContent = text;
  }
}

export function show(element, isShown) {
  if (element) element.hidden = !isShown;
}
