// The configuration of a tool as a form. Which fields there are is told by the server, for each kind of executor.
import { choice, complain, input, labelled, make } from "../lib/build.js";
import { get, isObject, isOpen, set } from "../lib/json-path.js";
import { JsonView } from "../lib/json-view.js";
import { rowsOf } from "../lib/settings-rows.js";

export class SettingsForm extends JsonView {
  #forms = JSON.parse(this.dataset.forms || "{}");
  #secrets = JSON.parse(this.dataset.secrets || "[]");
  #controls = new Map();

  begin(signal) {
    const chooser = document.getElementById("id_executor");
    chooser?.addEventListener("change", () => this.refresh({ force: true }), { signal });
    this.schemaEditor?.addEventListener("json-change", () => this.#parametersChanged(), { signal });
    document.addEventListener("parameter-renamed", (event) => this.#renamed(event.detail), { signal });
    super.begin(signal);
  }

  get executor() {
    return document.getElementById("id_executor")?.value || this.dataset.executor;
  }

  get form() {
    return this.#forms[this.executor];
  }

  get schemaEditor() {
    return document.getElementById("id_input_schema")?.closest("json-editor");
  }

  /** The parameters as they are typed at this moment, in their order. */
  get parameters() {
    const properties = this.schemaEditor?.content?.value?.properties;
    return isObject(properties) ? Object.keys(properties) : [];
  }

  refuses() {
    return this.form ? "" : "Tools of this kind have no form of their own.";
  }

  draw(value) {
    this.#controls = new Map();
    this.#drawnParameters = this.parameters.join();
    const told = this.form.note ? [make("p", { className: "made-help" }, this.form.note)] : [];
    this.body.replaceChildren(...told, ...this.form.groups.map((group) => this.#group(group, value)), ...this.#others(value));
    this.#conditions(value);
    this.mark(this.editor.problems);
  }

  mark(problems) {
    for (const { control } of this.#controls.values()) complain(control, "");
    for (const { pointer, message } of problems) {
      const found = this.#nearest(pointer);
      if (found) complain(found.control, pointer === found.at ? message : `${pointer.slice(found.at.length + 1)}: ${message}`);
    }
  }

  #drawnParameters = "";

  #parametersChanged() {
    if (this.body.hidden || this.#drawnParameters === this.parameters.join()) return;
    this.refresh({ force: true });
  }

  /** A parameter keeps its place under its new name, in the address too. */
  #renamed({ from, to }) {
    const field = this.form?.groups.flatMap((group) => group.fields).find(({ kind }) => kind === "placements");
    const value = this.value;
    if (!field || this.editor.isReadOnly || !isObject(value)) return;
    const places = get(value, field.at);
    const address = get(value, field.address);
    const isPlaced = isObject(places) && from in places && !(to in places);
    const isInside = typeof address === "string" && address.includes(`{${from}}`);
    if (!isPlaced && !isInside) return;
    this.commit((made) => {
      if (isPlaced) set(made, field.at, Object.fromEntries(Object.entries(places).map(([name, place]) => [name === from ? to : name, place])));
      if (isInside) set(made, field.address, address.replaceAll(`{${from}}`, `{${to}}`));
    });
    this.refresh({ force: true });
  }

  #nearest(pointer) {
    for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
      const found = this.#controls.get(at);
      if (found) return { ...found, at };
    }
    return undefined;
  }

  #group(group, value) {
    const fields = group.fields.map((field) => this.#field(field, value));
    const help = group.help ? make("p", { className: "made-help" }, group.help) : null;
    return make("fieldset", { className: "made-group" }, make("legend", {}, group.title), help, make("div", { className: "made-grid" }, fields));
  }

  #field(field, value) {
    const found = get(value, field.at);
    if (!isOpen(value, field.at) || !fits(field, found)) return this.#inJson(field, found);
    if (["pairs", "placements", "several"].includes(field.kind)) return rowsOf(this, field, found, (at, control) => this.#remember(at, control));
    const control = this.#control(field, found);
    control.disabled = this.editor.isReadOnly;
    control.addEventListener("input", () => this.#write(field, control));
    this.#remember(field.at, control, field);
    const place = labelled(field.label, control, { help: field.help });
    place.classList.toggle("made-field--wide", Boolean(field.wide));
    return place;
  }

  #remember(at, control, field) {
    this.#controls.set(at, { control, field });
  }

  #control(field, found) {
    if (field.kind === "flag") return make("input", { type: "checkbox", className: "made-check", checked: found === true });
    if (field.kind === "choice") return choice(found, field.choices);
    if (field.kind === "secret") return choice(found, this.secretChoices);
    if (field.kind === "lines") return make("textarea", { className: "made-control", rows: 3, spellcheck: false, value: (found ?? []).join("\n") });
    const numeric = field.kind === "number" ? { inputMode: "decimal" } : {};
    return input(found === undefined ? "" : String(found), { placeholder: field.placeholder ?? "", ...numeric });
  }

  get secretChoices() {
    return [["", "None"], ...this.#secrets.map((name) => [name, name])];
  }

  #write(field, control) {
    this.commit((value) => set(value, field.at, valueOf(field, control)));
    this.#conditions(this.value);
  }

  /** Fields that mean something only beside certain values of others. What they hold is kept. */
  #conditions(value) {
    for (const { control, field } of this.#controls.values()) {
      if (!field?.when) continue;
      const isMeant = Object.entries(field.when).every(([at, wanted]) => wanted.includes(get(value, at) ?? ""));
      control.closest(".made-field").hidden = !isMeant && get(value, field.at) === undefined;
    }
  }

  #inJson(field, found) {
    const shown = make("code", { className: "made-json" }, JSON.stringify(found));
    return make("div", { className: "made-field made-field--wide" }, make("span", { className: "made-label" }, field.label), shown, make("span", { className: "made-help" }, "Written in a way this form does not know. Change it as JSON."));
  }

  /** What is there and has no field: kept as it is. */
  #others(value) {
    const known = new Set(this.form.groups.flatMap((group) => group.fields.map((field) => field.at.split("/")[1])));
    const others = Object.keys(value).filter((name) => !known.has(name));
    return others.length ? [make("p", { className: "made-help" }, `Also set, and kept as it is: ${others.join(", ")}.`)] : [];
  }
}

function fits(field, found) {
  if (found === undefined) return true;
  if (field.kind === "flag") return typeof found === "boolean";
  if (field.kind === "number") return typeof found === "number";
  // An empty list may mean "none" where nothing means "any": it is not shown as nothing.
  if (field.kind === "lines") return Array.isArray(found) && found.length > 0 && found.every((each) => typeof each === "string" && !each.includes("\n"));
  if (field.kind === "pairs") return isObject(found) && Object.values(found).every((each) => typeof each === "string");
  if (field.kind === "placements") return isObject(found) && Object.values(found).every((each) => typeof each === "string" || isObject(each));
  if (field.kind === "several") return isObject(found) || (Array.isArray(found) && found.every(isObject));
  return typeof found === "string";
}

function valueOf(field, control) {
  if (field.kind === "flag") return control.checked || undefined;
  const text = control.value;
  if (field.kind === "lines") {
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    return lines.length ? lines : undefined;
  }
  if (text === "") return undefined;
  // A number that is none yet is kept as it was typed: the server says what is wrong with it.
  return field.kind === "number" && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

customElements.define("settings-form", SettingsForm);
