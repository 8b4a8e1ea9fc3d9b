// Beside the form of a rule or of a persona's grants: what the gate would say to certain arguments if this were saved.
import { ApiError, get, post } from "../lib/api.js";
import { button, choice, make } from "../lib/build.js";
import { foretold, sketch, wrongIn } from "../lib/foretold.js";
import { write } from "../lib/json-text.js";
import { grants, read } from "../lib/typed.js";

const MOST = 200;

export class RulePreview extends HTMLElement {
  #tool = null;
  #persona = null;
  #tools = [];
  #arguments = make("textarea", { name: "", rows: 4, spellcheck: false, id: "preview-arguments", className: "made-control" });
  #said = make("div", { className: "try__said", "aria-live": "polite" });
  #turn = 0;

  async connectedCallback() {
    if (this.#tool) return;
    try {
      this.#draw((await get(`/api/tools?page_size=${MOST}`)).results);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.replaceChildren(make("p", { className: "made-help" }, error.message));
    }
  }

  #draw(tools) {
    this.#tools = tools;
    const granted = this.#isGrant ? grants() : null;
    const offered = granted ? tools.filter((each) => String(each.id) in granted) : tools;
    this.#tool = choice("", offered.map((each) => [String(each.id), each.name]), { id: "preview-tool" });
    this.#persona = choice("", [], { id: "preview-persona" });
    const first = offered.find((each) => each.name === this.dataset.tool) ?? offered[0];
    if (first) this.#tool.value = String(first.id);
    this.#tool.addEventListener("change", () => this.#begin());
    const field = (label, control) => make("div", { className: "made-field" }, make("label", { className: "made-label", htmlFor: control.id }, label), control);
    const ask = button("What would happen?", () => this.#run(), { className: "made-button made-button--main" });
    const about = this.#isGrant ? "With what is typed in its grant above, saved or not." : "With the rule as it is typed here, saved or not.";
    this.replaceChildren(
      make("header", { className: "panel__head" }, make("h2", {}, "These arguments?"), make("span", { className: "made-help" }, about)),
      make("div", { className: "made-grid" }, field("Tool", this.#tool), this.#isGrant ? null : field("As the persona", this.#persona)),
      make("div", { className: "made-field" }, make("label", { className: "made-label", htmlFor: "preview-arguments" }, "Arguments"), make("json-editor", {}, this.#arguments)),
      make("div", { className: "try__acts" }, ask),
      this.#said,
    );
    this.#begin();
  }

  get #isGrant() {
    return Boolean(this.dataset.agent);
  }

  #begin() {
    const tool = this.#tools.find((each) => String(each.id) === this.#tool.value);
    const example = tool?.definition.examples?.[0]?.input;
    const text = write(example ?? sketch(tool?.definition.input_schema ?? {}));
    const box = this.#arguments.closest("json-editor");
    this.#arguments.value = text;
    box?.content && this.#arguments.dispatchEvent(new Event("input", { bubbles: true }));
    if (!this.#isGrant && tool) this.#offer(tool.id);
  }

  /** The personas to ask as: those that have the tool come first. */
  async #offer(tool) {
    try {
      const { personas } = await get(`/api/tools/${tool}/try`);
      if (this.#tool.value !== String(tool)) return;
      const sorted = [...personas].sort((one, other) => Number(other.granted) - Number(one.granted));
      this.#persona.replaceChildren(...sorted.map((each) => make("option", { value: String(each.id) }, each.granted ? each.name : `${each.name} (does not have it)`)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#said.replaceChildren(make("p", { className: "made-error" }, error.message));
    }
  }

  async #run() {
    const turn = (this.#turn += 1);
    const said = (...parts) => turn === this.#turn && this.#said.replaceChildren(...parts);
    said(make("p", { className: "made-help" }, "Asking the gate …"));
    try {
      const typed = this.#isGrant ? { grant: read(grants()[this.#tool.value]) } : { rule: { ...read("id_"), ...(this.dataset.rule && { id: Number(this.dataset.rule) }) } };
      const agent = Number(this.dataset.agent || this.#persona.value);
      said(...foretold(await post(`/api/tools/${this.#tool.value}/try`, { agent, raw: this.#arguments.value, ...typed })));
    } catch (error) {
      if (error instanceof SyntaxError) said(make("p", { className: "made-error" }, "The JSON in the form cannot be read yet."));
      else if (error instanceof ApiError) said(make("p", { className: "made-error" }, wrongIn(error)));
      else throw error;
    }
  }
}

customElements.define("rule-preview", RulePreview);
