// What a model would see of the tool that is being typed, what keeps it from being saved, and what could be better.
import { ApiError, post } from "../lib/api.js";
import { choice, make } from "../lib/build.js";
import { write } from "../lib/json-text.js";
import { problemsOf } from "./json-editor.js";

const PAUSE = 400;
const TEXTS = ["name", "description", "category", "tool_type", "executor"];
const FLAGS = ["is_dangerous", "requires_approval", "requires_auth", "is_open_world", "is_idempotent"];
const BOXES = ["input_schema", "configuration", "examples"];

export class ToolBench extends HTMLElement {
  #form = document.getElementById("tool_form");
  #persona = make("div");
  #weight = make("span", { className: "bench__weight" });
  #seen = make("pre", { className: "bench__seen", tabIndex: 0, "aria-label": "What the model sees" });
  #note = make("p", { className: "made-help", role: "status" });
  #problems = make("ul", { className: "bench__problems" });
  #hints = make("ul", { className: "bench__hints" });
  #timer = 0;
  #asked = 0;
  #controller = null;

  connectedCallback() {
    if (!this.#form || this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.replaceChildren(
      make("section", { className: "panel" }, make("header", { className: "panel__head" }, make("h2", {}, "What the model sees"), this.#weight), this.#persona, this.#note, this.#problems, this.#seen),
      make("section", { className: "panel" }, make("header", { className: "panel__head" }, make("h2", {}, "What could be better")), this.#hints),
    );
    for (const name of ["input", "change", "json-change"]) this.#form.addEventListener(name, () => this.#later(), { signal });
    document.addEventListener("tool-personas", (event) => this.#offer(event.detail), { signal });
    this.#later(0);
  }

  disconnectedCallback() {
    this.#controller?.abort();
    this.#controller = null;
    clearTimeout(this.#timer);
  }

  #offer(personas) {
    const granted = personas.filter((each) => each.granted).map((each) => [String(each.id), each.name]);
    const select = choice(undefined, [["", "Before any grant"], ...granted], { "aria-label": "As seen by" });
    select.addEventListener("change", () => this.#later(0));
    this.#persona.replaceChildren(select);
  }

  #later(pause = PAUSE) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), pause);
  }

  async #check() {
    const asked = (this.#asked += 1);
    const values = this.values;
    if (values === null) {
      this.#note.textContent = "Shown again when the JSON can be read.";
      return;
    }
    const agent = Number(this.#persona.querySelector("select")?.value) || null;
    try {
      const told = await post("/api/tools/check", { tool: Number(this.dataset.tool) || null, agent, values });
      if (asked === this.#asked) this.#show(told);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (asked === this.#asked) this.#note.textContent = error.message;
    }
  }

  /** What is typed now; null while one of the boxes cannot be read. */
  get values() {
    const values = {};
    for (const name of TEXTS) {
      const control = this.#form.elements[name];
      if (control && !control.disabled) values[name] = control.value;
    }
    for (const name of FLAGS) if (this.#form.elements[name]) values[name] = this.#form.elements[name].checked;
    for (const name of BOXES) {
      const box = this.#box(name);
      if (!box || box.isReadOnly) continue;
      if (box.content?.problem) return null;
      if (box.content?.value !== undefined) values[name] = box.content.value;
    }
    return values;
  }

  #box(name) {
    return document.getElementById(`id_${name}`)?.closest("json-editor");
  }

  #show(told) {
    this.#weight.textContent = told.tokens === null ? "" : `about ${told.tokens.toLocaleString("en")} tokens with every message`;
    this.#seen.textContent = told.model_sees ? write(told.model_sees) : "";
    this.#seen.hidden = !told.model_sees;
    this.#note.textContent = told.hidden.length ? `The grant keeps from it: ${told.hidden.join(", ")}.` : told.model_sees ? "" : "Nothing yet: its parameters cannot be read.";
    for (const name of BOXES) this.#box(name)?.complain(problemsOf(told.problems[name]));
    this.#listProblems(told.problems);
    this.#hints.replaceChildren(...told.hints.map((hint) => this.#hint(hint)));
    if (!told.hints.length) this.#hints.replaceChildren(make("li", { className: "made-help" }, "Nothing to remark."));
  }

  #listProblems(problems) {
    // An empty field of a new tool is no mistake of anybody yet.
    const told = Object.entries(problems).flatMap(([name, messages]) => messages.filter(() => !this.#isUntouched(name)).map((text) => [name, text]));
    this.#problems.replaceChildren(...told.map(([name, text]) => make("li", {}, this.#link(name), ` ${text}`)));
  }

  #isUntouched(name) {
    return !this.dataset.tool && this.#form.elements[name]?.value === "";
  }

  #hint({ level, field, pointer, message }) {
    const badge = make("span", { className: `bench__level bench__level--${level}` }, level === "problem" ? "Problem" : "Advice");
    return make("li", {}, badge, this.#link(field, pointer), ` ${message}`);
  }

  #link(name, pointer = "") {
    const label = `${NAMES[name] ?? name.replaceAll("_", " ")}${pointer}`;
    const made = make("button", { type: "button", className: "code__where" }, label);
    made.addEventListener("click", () => this.#go(name));
    return made;
  }

  #go(name) {
    const control = document.getElementById(`id_${name}`);
    const place = control?.closest(".json-field") ?? control;
    place?.scrollIntoView({ block: "center" });
    (place?.querySelector?.("input:not([type=hidden]), select, textarea") ?? control)?.focus({ preventScroll: true });
  }
}

const NAMES = { input_schema: "parameters", configuration: "how it is carried out", is_dangerous: "dangerous", is_open_world: "open world", "": "" };

customElements.define("tool-bench", ToolBench);
