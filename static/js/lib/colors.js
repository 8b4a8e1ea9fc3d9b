// A persona's colour reaches the stylesheet as a custom property, after a look at its form.
export function paint(element) {
  const color = element.dataset.color ?? "";
  if (/^#[0-9a-f]{6}$/i.test(color)) element.style.setProperty("--persona", color);
  else element.style.removeProperty("--persona");
}
