// The parameters of a tool as rows: name, type, meaning, choices, default. Everything else a schema may say is kept.
import { button, choice, complain, input, labelled, make } from "../lib/build.js";
import { isObject, set } from "../lib/json-path.js";
import { escaped } from "../lib/json-text.js";
import { JsonView } from "../lib/json-view.js";

const TYPES = [
  ["string", "Text"],
  ["integer", "Whole number"],
  ["number", "Number"],
  ["boolean", "Yes or no"],
  ["texts", "List of texts"],
];
const KINDS = [
  ["", "Anything"],
  ["url", "Web address"],
  ["host", "Host name"],
  ["path", "File path"],
  ["command", "Command"],
  ["code", "Code"],
  ["sql", "SQL"],
];
const SHOWN = new Set(["type", "description", "enum", "default", "x-kind", "items"]);

export class SchemaTable extends JsonView {
  #controls = new Map();

  refuses(schema) {
    if (schema.properties !== undefined && !isObject(schema.properties)) return "Its properties are no object, so they cannot be shown as rows.";
    if (schema.required !== undefined && !Array.isArray(schema.required)) return "What is required is no list here, so it is edited as JSON.";
    return Object.values(schema.properties ?? {}).every(isObject) ? "" : "One of the parameters is no schema of its own, so they are edited as JSON.";
  }

  draw(schema) {
    this.#controls = new Map();
    const names = Object.keys(schema.properties ?? {});
    const others = Object.keys(schema).filter((word) => !["type", "properties", "required"].includes(word));
    const also = others.length ? make("p", { className: "made-help" }, `Also set, and kept as it is: ${others.join(", ")}.`) : null;
    const none = names.length ? null : make("p", { className: "made-help" }, "It takes no parameters yet.");
    const add = this.editor.isReadOnly ? null : button("Add a parameter", () => this.#add(), { className: "made-button made-button--small" });
    this.body.replaceChildren(...[none, ...names.map((name) => this.#row(name, schema)), add, also].filter(Boolean));
    this.mark(this.editor.problems);
  }

  mark(problems) {
    for (const control of this.#controls.values()) complain(control, "");
    for (const { pointer, message } of problems) {
      for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
        if (!this.#controls.has(at)) continue;
        complain(this.#controls.get(at), at === pointer ? message : `${pointer.slice(at.length + 1)}: ${message}`);
        break;
      }
    }
  }

  #row(name, schema) {
    const spec = schema.properties[name];
    const at = `/properties/${escaped(name)}`;
    const title = this.#name(name, at);
    const kept = Object.keys(spec).filter((word) => !SHOWN.has(word));
    const type = typeOf(spec);
    const fields = [
      labelled("Name", title),
      this.#field("Type", choice(type, type === "other" ? [...TYPES, ["other", "As JSON says"]] : TYPES), `${at}/type`, (made, text) => retype(made, text)),
      this.#field("Kind", choice(spec["x-kind"], KINDS), `${at}/x-kind`, (made, text) => put(made, "x-kind", text)),
      this.#required(name, schema),
      this.#field("What it means", input(spec.description), `${at}/description`, (made, text) => put(made, "description", text), "made-field--wide"),
    ];
    if (type !== "other" && type !== "boolean" && type !== "texts") fields.push(this.#field("Choices, with commas", input(listed(spec.enum)), `${at}/enum`, (made, text) => put(made, "enum", choicesIn(text, typeOf(made)))));
    if (type !== "other" && type !== "texts") fields.push(this.#field("If left out", input(spec.default === undefined ? "" : String(spec.default)), `${at}/default`, (made, text) => put(made, "default", typed(text, typeOf(made)))));
    const also = kept.length ? make("span", { className: "made-help" }, `Also: ${kept.join(", ")}`) : null;
    const remove = this.editor.isReadOnly ? null : button("Remove", () => this.#remove(name), { className: "made-button made-button--small", "aria-label": `Remove ${name}` });
    return make("div", { className: "made-parameter", role: "group", "aria-label": name || "New parameter" }, fields, make("div", { className: "made-parameter__end" }, also, remove));
  }

  #field(label, control, at, change, more = "") {
    control.disabled = this.editor.isReadOnly;
    this.#controls.set(at, control);
    control.addEventListener("input", () => {
      // The name may have been changed since this row was drawn: it stands in the row.
      const name = control.closest(".made-parameter").dataset.name;
      this.commit((schema) => change(schema.properties[name], control.value));
      if (control.tagName === "SELECT" && label === "Type") this.refresh({ force: true });
    });
    const made = labelled(label, control);
    if (more) made.classList.add(more);
    queueMicrotask(() => (control.closest(".made-parameter").dataset.name ??= nameIn(at)));
    return made;
  }

  #name(name, at) {
    const control = input(name, { maxLength: 64, disabled: this.editor.isReadOnly });
    this.#controls.set(at, control);
    let now = name;
    control.addEventListener("input", () => {
      const wanted = control.value.trim();
      const taken = wanted !== now && wanted in (this.value.properties ?? {});
      complain(control, taken ? "There is one of this name already." : wanted ? "" : "It needs a name.");
      if (!wanted || taken || wanted === now) return;
      this.#rename(now, wanted);
      now = wanted;
      control.closest(".made-parameter").dataset.name = now;
    });
    return control;
  }

  #rename(from, to) {
    this.commit((schema) => {
      schema.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, spec]) => [name === from ? to : name, spec]));
      if (schema.required) schema.required = schema.required.map((name) => (name === from ? to : name));
    });
    this.dispatchEvent(new CustomEvent("parameter-renamed", { bubbles: true, detail: { from, to } }));
  }

  #required(name, schema) {
    const control = make("input", { type: "checkbox", className: "made-check", checked: (schema.required ?? []).includes(name), disabled: this.editor.isReadOnly });
    control.addEventListener("input", () => {
      const now = control.closest(".made-parameter").dataset.name;
      this.commit((value) => {
        const others = (value.required ?? []).filter((each) => each !== now);
        value.required = control.checked ? [...others, now] : others;
      });
    });
    return labelled("Required", control);
  }

  #add() {
    const names = Object.keys(this.value?.properties ?? {});
    let number = names.length + 1;
    while (names.includes(`parameter_${number}`)) number += 1;
    const name = `parameter_${number}`;
    this.commit((schema) => {
      schema.type ??= "object";
      schema.properties ??= {};
      schema.properties[name] = { type: "string", description: "" };
      schema.required = [...(schema.required ?? []), name];
    });
    this.refresh({ force: true });
    const control = this.#controls.get(`/properties/${name}`);
    control?.focus();
    control?.select();
  }

  #remove(name) {
    this.commit((schema) => {
      set(schema, `/properties/${escaped(name)}`, undefined);
      schema.properties ??= {};
      if (schema.required) schema.required = schema.required.filter((each) => each !== name);
    });
    this.refresh({ force: true });
    this.body.querySelector("button")?.focus();
  }
}

const nameIn = (at) => at.split("/")[2].replaceAll("~1", "/").replaceAll("~0", "~");

function typeOf(spec) {
  if (spec.type === "array") return spec.items?.type === "string" && Object.keys(spec.items).length === 1 ? "texts" : "other";
  return TYPES.some(([type]) => type === spec.type) ? spec.type : "other";
}

function retype(spec, type) {
  if (type === "other") return;
  spec.type = type === "texts" ? "array" : type;
  if (type === "texts") spec.items = { type: "string" };
  else delete spec.items;
  if (type === "texts" || type === "boolean") delete spec.enum;
  else if (spec.enum) put(spec, "enum", choicesIn(listed(spec.enum), type));
  if (spec.default !== undefined) put(spec, "default", type === "texts" ? undefined : typed(String(spec.default), type));
}

function put(spec, word, value) {
  if (value === undefined || value === "") delete spec[word];
  else spec[word] = value;
}

const listed = (values) => (Array.isArray(values) ? values.join(", ") : "");

function choicesIn(text, type) {
  const found = text.split(",").map((each) => each.trim()).filter(Boolean);
  return found.length ? found.map((each) => typed(each, type)) : undefined;
}

/** A value of the type, as far as the text is one; else the text, which the server then refuses at this place. */
function typed(text, type) {
  if (text.trim() === "") return undefined;
  if (type === "boolean") return { true: true, yes: true, false: false, no: false }[text.trim().toLowerCase()] ?? text;
  if (type === "string") return text;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

customElements.define("schema-table", SchemaTable);
