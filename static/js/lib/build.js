// Elements without strings of markup: a tag, its properties, what is in it. And the controls that forms are made of.
let count = 0;

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list" && name !== "form") element[name] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A labelled control: `control` gets an id, its help and its error are announced with it. */
export function labelled(label, control, { help = "", hidden = false } = {}) {
  control.id ||= `made-${(count += 1)}`;
  const error = make("span", { className: "made-error", id: `${control.id}-error`, hidden: true });
  const told = help ? make("span", { className: "made-help", id: `${control.id}-help` }, help) : null;
  control.setAttribute("aria-describedby", [told?.id, error.id].filter(Boolean).join(" "));
  const title = make("label", { className: hidden ? "made-unseen" : "made-label", htmlFor: control.id }, label);
  return make("div", { className: "made-field" }, title, control, told, error);
}

/** Say what is wrong with a control, or nothing any more. */
export function complain(control, message) {
  const error = document.getElementById(`${control.id}-error`) ?? control.parentElement?.querySelector(".made-error");
  invalid(control, Boolean(message));
  if (!error) return;
  error.textContent = message ?? "";
  error.hidden = !message;
}

export function invalid(control, isWrong) {
  if (isWrong) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

export function input(value, properties = {}) {
  return make("input", { type: "text", className: "made-control", autocomplete: "off", spellcheck: false, ...properties, value: value ?? "" });
}

/** A choice of [value, label]; a value that is none of them is kept and shown as it is. */
export function choice(value, choices, properties = {}) {
  const known = choices.some(([each]) => each === (value ?? ""));
  const all = known ? choices : [...choices, [value ?? "", value === undefined ? "" : String(value)]];
  const options = all.map(([each, label]) => make("option", { value: each, selected: each === (value ?? "") }, label));
  return make("select", { className: "made-control", ...properties }, options);
}

export function button(label, act, properties = {}) {
  const made = make("button", { type: "button", className: "made-button", ...properties }, label);
  made.addEventListener("click", act);
  return made;
}
