// A box for JSON around the textarea that is sent: lines, colours, matching brackets, and what is wrong at its line.
// Tab leaves it, as everywhere; without scripts the textarea is all there is.
import { button, make } from "../lib/build.js";
import { lineOf, placeOf, read, write } from "../lib/json-text.js";

const LARGE = 120_000;
const PAIRS = { "{": "}", "[": "]" };

export class JsonEditor extends HTMLElement {
  #area = null;
  #lines = make("div", { className: "code__lines", "aria-hidden": "true" });
  #paint = make("pre", { className: "code__paint", "aria-hidden": "true" });
  #status = make("output", { className: "code__status" });
  #list = make("ul", { className: "code__problems" });
  #brackets = new Map();
  #problems = [];
  #read = null;
  #controller = null;

  connectedCallback() {
    this.#area ??= this.querySelector("textarea");
    if (!this.#area || this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#arrange();
    this.#area.addEventListener("input", () => this.#changed(), { signal });
    this.#area.addEventListener("scroll", () => this.#follow(), { signal });
    this.#area.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("selectionchange", () => this.#match(), { signal });
    this.#problems = this.#told();
    this.#changed({ quiet: true });
  }

  disconnectedCallback() {
    this.#controller?.abort();
    this.#controller = null;
  }

  get text() {
    return this.#area.value;
  }

  get isReadOnly() {
    return this.#area.disabled || this.#area.readOnly;
  }

  /** As `read` gives it; an empty box holds nothing and is no mistake here. */
  get content() {
    return this.#read;
  }

  get problems() {
    return this.#problems;
  }

  /** Write a value as a view changed it. The box stays what is sent. */
  put(value) {
    this.#area.value = value === undefined ? "" : write(value);
    this.#changed();
  }

  /** What the server says about places in this JSON: `[{pointer, message}]`. */
  complain(problems) {
    this.#problems = problems;
    this.#draw();
    this.dispatchEvent(new CustomEvent("json-problems"));
  }

  #arrange() {
    const stage = make("div", { className: "code__stage" }, this.#paint, this.#area);
    const tools = make(
      "div",
      { className: "code__bar" },
      this.#status,
      button("Format", () => this.#format(), { className: "made-button made-button--small", disabled: this.isReadOnly }),
    );
    this.#area.classList.add("code__area");
    this.#area.wrap = "off";
    this.replaceChildren(make("div", { className: "code__frame" }, this.#lines, stage), tools, this.#list);
    this.classList.add("code");
  }

  /** The messages the server put beneath the field: those that begin with a place are shown there. */
  #told() {
    const items = this.closest(".errors")?.querySelectorAll("ul li") ?? [];
    return [...items].map((item) => parsed(item.textContent.trim())).filter(Boolean);
  }

  #changed({ quiet = false } = {}) {
    this.#read = this.text.trim() ? read(this.text) : { tokens: [], value: undefined, places: new Map(), problem: null, exact: true };
    this.#draw();
    if (!quiet) this.dispatchEvent(new CustomEvent("json-change", { bubbles: true }));
  }

  #draw() {
    const marked = this.#marked();
    const number = this.text.split("\n").length;
    this.#area.rows = Math.min(Math.max(number, 3), 28);
    this.#lines.replaceChildren(
      ...Array.from({ length: number }, (_, at) => make("span", { className: marked.has(at + 1) ? "code__wrong" : "" }, String(at + 1))),
    );
    this.#colour();
    this.#say();
    this.#follow();
    this.#match();
  }

  #marked() {
    const { problem, places } = this.#read;
    const offsets = problem ? [problem.at] : this.#problems.map(({ pointer }) => placeOf(places, pointer));
    return new Set(offsets.map((at) => lineOf(this.text, at).line));
  }

  #colour() {
    const { tokens, problem } = this.#read;
    this.#brackets = new Map();
    if (this.text.length > LARGE) {
      this.#paint.replaceChildren(this.text);
      return;
    }
    const pieces = [];
    let at = 0;
    tokens.forEach((token, index) => {
      pieces.push(this.text.slice(at, token.at));
      const isName = token.kind === "text" && tokens[index + 1]?.kind === ":";
      const span = make("span", { className: `json-${isName ? "name" : (KINDS[token.kind] ?? "sign")}` }, token.word);
      if (problem?.at === token.at) span.classList.add("json-wrong");
      if ("{}[]".includes(token.kind)) this.#brackets.set(token.at, { span, kind: token.kind });
      pieces.push(span);
      at = token.at + token.word.length;
    });
    this.#paint.replaceChildren(...pieces, `${this.text.slice(at)}\n`);
  }

  #say() {
    const { problem, places } = this.#read;
    this.#area.toggleAttribute("aria-invalid", Boolean(problem) || this.#problems.length > 0);
    const size = new Blob([this.text]).size;
    this.#status.textContent = problem ? "" : size ? `JSON, ${size < 1024 ? `${size} bytes` : `${(size / 1024).toFixed(1)} KB`}` : "Empty";
    const told = problem ? [{ at: problem.at, message: problem.message }] : this.#problems.map((each) => ({ ...each, at: placeOf(places, each.pointer) }));
    this.#list.replaceChildren(...told.map((each) => this.#entry(each)));
  }

  #entry({ at, message }) {
    const { line, column } = lineOf(this.text, at);
    const where = `Line ${line}, column ${column}`;
    return make("li", {}, button(where, () => this.#show(at), { className: "code__where" }), ` ${message}`);
  }

  #show(at) {
    this.#area.focus();
    this.#area.setSelectionRange(at, at);
  }

  #format() {
    const { problem, value, exact } = this.#read;
    if (problem) this.#show(problem.at);
    else if (value !== undefined && exact) this.#type(write(value), 0, this.text.length);
    this.#area.focus();
  }

  #key(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    const { selectionStart: from, selectionEnd: to } = this.#area;
    const line = this.text.slice(this.text.lastIndexOf("\n", from - 1) + 1, from);
    const indent = line.match(/^ */)[0];
    const opens = PAIRS[line.trimEnd().at(-1)];
    const closes = opens && this.text.slice(to).trimStart().startsWith(opens) && this.text[to] === opens;
    this.#type(`\n${indent}${opens ? "  " : ""}${closes ? `\n${indent}` : ""}`, from, to);
    if (closes) this.#area.setSelectionRange(from + indent.length + 3, from + indent.length + 3);
  }

  /** Typed, not set: so that undo takes it back. */
  #type(text, from, to) {
    this.#area.focus();
    this.#area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, text)) {
      this.#area.setRangeText(text, from, to, "end");
      this.#changed();
    }
  }

  #follow() {
    this.#paint.style.transform = `translate(${-this.#area.scrollLeft}px, ${-this.#area.scrollTop}px)`;
    this.#lines.scrollTop = this.#area.scrollTop;
  }

  #match() {
    for (const { span } of this.#brackets.values()) span.classList.remove("json-match");
    if (document.activeElement !== this.#area || this.#area.selectionStart !== this.#area.selectionEnd) return;
    const caret = this.#area.selectionStart;
    const at = [caret, caret - 1].find((each) => this.#brackets.has(each));
    if (at === undefined) return;
    const other = partner([...this.#brackets], at);
    if (other === undefined) return;
    for (const each of [at, other]) this.#brackets.get(each).span.classList.add("json-match");
  }
}

const KINDS = { text: "text", number: "number", word: "word", broken: "wrong" };

function partner(brackets, at) {
  const index = brackets.findIndex(([each]) => each === at);
  const way = "{[".includes(brackets[index][1].kind) ? 1 : -1;
  let depth = 0;
  for (let next = index; next >= 0 && next < brackets.length; next += way) {
    depth += "{[".includes(brackets[next][1].kind) ? way : -way;
    if (depth === 0) return brackets[next][0];
  }
  return undefined;
}

function parsed(text) {
  const found = text.match(/^(\/\S*):\s+([^]*)$/);
  return found && { pointer: found[1], message: found[2] };
}

export const problemsOf = (messages) => (messages ?? []).map((text) => parsed(String(text)) ?? { pointer: "", message: String(text) });

customElements.define("json-editor", JsonEditor);
