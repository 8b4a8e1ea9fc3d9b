// A form over the JSON of a box beside it. Both show the same text: what the form does not know stays as it was
// written, and where the text cannot be shown as a form, the box is shown with a sentence why.
import { button, make } from "./build.js";
import { isObject } from "./json-path.js";

export class JsonView extends HTMLElement {
  body = make("div", { className: "view__body" });
  #note = make("p", { className: "view__note", role: "status" });
  #tabs = make("div", { className: "view__tabs", role: "group", "aria-label": "How to edit it" });
  #controller = null;
  #wantsBox = false;
  #writing = false;
  #drawn = "";

  connectedCallback() {
    this.editor = this.parentElement.querySelector("json-editor");
    if (!this.editor || this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const tab = (label, box) => button(label, () => this.#choose(box), { className: "view__tab" });
    this.#tabs.replaceChildren(tab("Form", false), tab("JSON", true));
    this.replaceChildren(this.#tabs, this.#note, this.body);
    this.classList.add("view");
    // Whoever is written after this element is upgraded after it.
    customElements.whenDefined("json-editor").then(() => this.begin(signal));
  }

  disconnectedCallback() {
    this.#controller?.abort();
    this.#controller = null;
  }

  begin(signal) {
    this.editor.addEventListener("json-change", () => this.refresh(), { signal });
    this.editor.addEventListener("json-problems", () => this.mark(this.editor.problems), { signal });
    this.refresh({ force: true });
    this.mark(this.editor.problems);
  }

  /** Why the value cannot be shown as a form, or nothing. */
  refuses() {
    return "";
  }

  /** Build the form for a value; what is changed in it is given to `commit`. */
  draw() {}

  /** Place `[{pointer, message}]` at the fields they are about. */
  mark() {}

  get value() {
    return this.editor.content?.value;
  }

  /** Change the value by a function, and write the text anew. */
  commit(change) {
    const value = this.value ?? {};
    change(value);
    this.#writing = true;
    this.editor.put(value);
    this.#writing = false;
    this.#drawn = this.editor.text;
  }

  refresh({ force = false } = {}) {
    const why = this.#why();
    this.#note.textContent = why;
    this.#note.hidden = !why;
    this.#show(Boolean(why) || this.#wantsBox, Boolean(why));
    // Nobody looks at it: it is drawn when it is chosen.
    if (why || this.#wantsBox || this.#writing || (!force && this.#drawn === this.editor.text)) return;
    this.#drawn = this.editor.text;
    this.draw(this.value ?? {});
  }

  #why() {
    const { problem, value, exact } = this.editor.content;
    if (problem) return "This is no JSON yet, so it cannot be shown as a form.";
    if (value !== undefined && !isObject(value)) return "This is not an object, so it cannot be shown as a form.";
    if (!exact) return "It holds a number that a form would change, so it is edited as JSON.";
    return this.refuses(value ?? {});
  }

  #choose(box) {
    this.#wantsBox = box;
    this.refresh({ force: true });
  }

  #show(box, isForced) {
    this.body.hidden = box;
    if (box && this.editor.hidden) this.editor.reveal();
    this.editor.hidden = !box;
    for (const [at, tab] of [...this.#tabs.children].entries()) {
      tab.setAttribute("aria-pressed", String(Boolean(at) === box));
      tab.disabled = at === 0 && isForced;
    }
  }
}
