// The form by which a person answers what a tool asks. What is shown is text; what is sent back is what was offered.
import { clone, fill, show } from "../lib/slots.js";

const SHORT = { number: { type: "number", step: "any" }, date: { type: "date" } };
const YES_NO = [{ value: "yes", label: "Yes" }, { value: "no", label: "No" }];
let forms = 0;

export class AnswerForm extends HTMLElement {
  #fields = new Map();
  #digest = "";

  /** Draw the fields of a question, once: what a person has begun to write is never drawn over. */
  show(form, digest) {
    if (!form || this.#digest === digest) return;
    this.#digest = digest;
    forms += 1;
    const prefix = `answer-${forms}`;
    const only = form.inputs.length === 1;
    this.#fields = new Map(form.inputs.map((field, at) => [field.name, drawn(field, `${prefix}-${at}`)]));
    // One field whose label is the question itself would say everything twice.
    if (only && form.inputs[0].label === form.question) this.#fields.values().next().value.element.dataset.bare = "";
    this.replaceChildren(...[...this.#fields.values()].map(({ element }) => element));
  }

  get value() {
    const given = [...this.#fields].map(([name, field]) => [name, field.read()]);
    return Object.fromEntries(given.filter(([, value]) => value !== null && value !== "" && value.length !== 0));
  }

  /** Sentences by the name of the field; the first one that is wrong takes the focus. */
  complain(wrong) {
    let first = null;
    for (const [name, { element, controls }] of this.#fields) {
      const sentence = wrong[name] ?? "";
      fill(element, { "field-error": sentence });
      show(element.querySelector('[data-slot="field-error"]'), Boolean(sentence));
      for (const control of controls) mark(control, Boolean(sentence));
      if (sentence) first ??= controls[0];
    }
    first?.focus();
  }

  set disabled(isDisabled) {
    for (const { controls } of this.#fields.values()) for (const control of controls) control.disabled = isDisabled;
  }
}

function mark(control, isWrong) {
  if (isWrong) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

function drawn(field, id) {
  const options = field.type === "yes_no" ? YES_NO : field.options;
  const made = options.length ? withOptions(field, options, id) : withControl(field, id);
  fill(made.element, { "field-label": field.label, "field-optional": field.required ? "" : "(optional)", "field-hint": field.hint });
  const hint = made.element.querySelector('[data-slot="field-hint"]');
  const error = made.element.querySelector('[data-slot="field-error"]');
  hint.id = `${id}-hint`;
  error.id = `${id}-error`;
  const described = made.element.matches("fieldset") ? [made.element] : made.controls;
  for (const control of described) control.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
  return made;
}

function withControl(field, id) {
  const element = clone("answer-field-template");
  const isShort = field.type in SHORT;
  const control = document.createElement(isShort ? "input" : "textarea");
  Object.assign(control, isShort ? SHORT[field.type] : { rows: 2, maxLength: 4000 }, { id, required: field.required });
  control.className = `field__input ${isShort ? "answer__short" : "answer__text"}`;
  element.querySelector("label").htmlFor = id;
  element.querySelector("[data-control]").replaceWith(control);
  return { element, controls: [control], read: () => control.value.trim() };
}

function withOptions(field, options, id) {
  const element = clone("answer-options-template");
  const several = field.type === "choices";
  const controls = options.map((option) => {
    const label = clone("answer-option-template");
    const control = label.querySelector("input");
    Object.assign(control, { type: several ? "checkbox" : "radio", name: id, value: option.value });
    fill(label, { "option-label": option.label });
    element.querySelector("[data-options]").append(label);
    return control;
  });
  const chosen = () => controls.filter((control) => control.checked).map((control) => control.value);
  return { element, controls, read: () => (several ? chosen() : (chosen()[0] ?? null)) };
}

customElements.define("answer-form", AnswerForm);
