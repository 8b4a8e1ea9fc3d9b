// A box for JSON around the textarea that is sent: lines, colours, matching brackets, and what is wrong at its line.
// Tab leaves it, as everywhere; without scripts the textarea is all there is.
import { button, invalid, make } from "../lib/build.js";
import { firstFrom, KINDS, partner, startsOf } from "../lib/json-lines.js";
import { lineOf, placeOf, read, write } from "../lib/json-text.js";

const LONG = 2_000;
const MOST_PIECES = 4_000;
const PAIRS = { "{": "}", "[": "]" };

export class JsonEditor extends HTMLElement {
  #area = null;
  #lines = make("div", { className: "code__numbers" });
  #paint = make("pre", { className: "code__paint", "aria-hidden": "true" });
  // Not announced by itself: it changes with every key. The box refers to what is wrong with it.
  #status = make("span", { className: "code__status" });
  #list = make("ul", { className: "code__problems" });
  #brackets = new Map();
  #problems = [];
  #read = null;
  #starts = [0];
  #marks = new Set();
  #isTyped = false;
  #frame = 0;
  #controller = null;

  connectedCallback() {
    this.#area ??= this.querySelector("textarea");
    if (!this.#area || this.#controller) return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#arrange();
    this.#area.addEventListener("input", () => this.#soon({ text: true }), { signal });
    this.#area.addEventListener("scroll", () => this.#show(), { signal });
    new ResizeObserver(() => this.#show()).observe(this.#area);
    this.#area.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("selectionchange", () => this.#soon({}), { signal });
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
    if (this.#isTyped) this.#changed();
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

  /** Paint what was only kept while the box was hidden. */
  reveal() {
    this.hidden = false;
    if (this.#read) this.#draw();
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
    this.#list.id = `${this.#area.id || this.#area.name}-problems`;
    this.#area.setAttribute("aria-describedby", [this.#area.getAttribute("aria-describedby"), this.#list.id].filter(Boolean).join(" "));
    this.#area.classList.add("code__area");
    this.#area.wrap = "off";
    const gutter = make("div", { className: "code__lines", "aria-hidden": "true" }, this.#lines);
    this.replaceChildren(make("div", { className: "code__frame" }, gutter, stage), tools, this.#list);
    this.classList.add("code");
  }

  /** The messages the server put beneath the field: those that begin with a place are shown there. */
  #told() {
    const items = this.closest(".errors")?.querySelectorAll("ul li") ?? [];
    return [...items].map((item) => parsed(item.textContent.trim())).filter(Boolean);
  }

  /** Once per frame: a text of many lines that is typed at once comes as one event for each line. */
  #soon({ text = false }) {
    this.#isTyped ||= text;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#isTyped) this.#changed();
      else this.#match();
    });
  }

  #changed({ quiet = false } = {}) {
    this.#isTyped = false;
    this.#read = this.text.trim() ? read(this.text) : { tokens: [], value: undefined, places: new Map(), problem: null, exact: true };
    this.#draw();
    if (!quiet) this.dispatchEvent(new CustomEvent("json-change", { bubbles: true }));
  }

  #draw() {
    if (this.hidden) return;
    // Read once: the browser makes the text of a textarea anew each time it is asked for.
    const text = this.text;
    this.#starts = startsOf(text);
    this.#marks = this.#marked(text);
    this.#area.rows = Math.min(Math.max(this.#starts.length, 3), 28);
    this.#lines.parentElement.style.minInlineSize = `calc(${String(this.#starts.length).length}ch + 1.25rem)`;
    this.#say(text);
    this.#show(text);
  }

  #marked(text) {
    const { problem, places } = this.#read;
    const offsets = problem ? [problem.at] : this.#problems.map(({ pointer }) => placeOf(places, pointer));
    return new Set(offsets.map((at) => lineOf(text, at).line));
  }

  /** Paint the lines that can be seen, and no others: of thousands there are some thirty. */
  #show(text = this.text) {
    if (this.hidden || !this.#read) return;
    const { scrollTop, scrollLeft, clientHeight } = this.#area;
    const height = parseFloat(getComputedStyle(this.#area).lineHeight) || 20;
    const first = Math.max(Math.floor(scrollTop / height) - 3, 0);
    const last = Math.min(first + Math.ceil(clientHeight / height) + 6, this.#starts.length);
    const numbers = Array.from({ length: Math.max(last - first, 0) }, (_, at) => first + at + 1);
    this.#lines.replaceChildren(...numbers.map((number) => make("span", { className: this.#marks.has(number) ? "code__wrong" : "" }, String(number))));
    this.#colour(text, this.#starts[first] ?? 0, this.#starts[last] ?? text.length);
    const down = first * height - scrollTop;
    this.#lines.style.transform = `translateY(${down}px)`;
    this.#paint.style.transform = `translate(${-scrollLeft}px, ${down}px)`;
    this.#match();
  }

  #colour(text, from, to) {
    const { tokens, problem } = this.#read;
    this.#brackets = new Map();
    const pieces = [];
    let at = from;
    for (let index = firstFrom(tokens, from); index < tokens.length && tokens[index].at < to; index += 1) {
      const token = tokens[index];
      pieces.push(text.slice(at, token.at));
      const isName = token.kind === "text" && tokens[index + 1]?.kind === ":";
      // A line of a megabyte is shown by its beginning; the textarea holds it whole.
      const span = make("span", { className: `json-${isName ? "name" : (KINDS[token.kind] ?? "sign")}` }, token.word.slice(0, LONG));
      if (problem?.at === token.at) span.classList.add("json-wrong");
      if ("{}[]".includes(token.kind)) this.#brackets.set(token.at, span);
      pieces.push(span);
      at = token.at + token.word.length;
      if (pieces.length > MOST_PIECES) break;
    }
    this.#paint.replaceChildren(...pieces, `${text.slice(at, Math.min(to, at + LONG))}\n`);
  }

  #say(text) {
    const { problem, places } = this.#read;
    invalid(this.#area, Boolean(problem) || this.#problems.length > 0);
    const size = new Blob([text]).size;
    this.#status.textContent = problem ? "" : size ? `JSON, ${size < 1024 ? `${size} bytes` : `${(size / 1024).toFixed(1)} KB`}` : "Empty";
    const told = problem ? [{ at: problem.at, message: problem.message }] : this.#problems.map((each) => ({ ...each, at: placeOf(places, each.pointer) }));
    this.#list.replaceChildren(...told.map((each) => this.#entry(text, each)));
  }

  #entry(text, { at, message }) {
    const { line, column } = lineOf(text, at);
    const where = `Line ${line}, column ${column}`;
    return make("li", {}, button(where, () => this.#go(at), { className: "code__where" }), ` ${message}`);
  }

  #go(at) {
    this.#area.focus();
    this.#area.setSelectionRange(at, at);
  }

  #format() {
    const { problem, value, exact } = this.content;
    if (problem) this.#go(problem.at);
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

  /** Typed, not set: so that undo takes it back. Browsers need long for many lines, which are then set. */
  #type(text, from, to) {
    this.#area.focus();
    this.#area.setSelectionRange(from, to);
    const isLong = text.length > 10_000;
    if (isLong || !document.execCommand("insertText", false, text)) {
      this.#area.setRangeText(text, from, to, "end");
      this.#changed();
    }
  }

  #match() {
    for (const span of this.#brackets.values()) span.classList.remove("json-match");
    if (document.activeElement !== this.#area || this.#area.selectionStart !== this.#area.selectionEnd) return;
    const caret = this.#area.selectionStart;
    const at = [caret, caret - 1].find((each) => this.#brackets.has(each));
    if (at === undefined) return;
    for (const each of [at, partner(this.#read.tokens, at)]) this.#brackets.get(each)?.classList.add("json-match");
  }
}

function parsed(text) {
  const found = text.match(/^(\/\S*):\s+([^]*)$/);
  return found && { pointer: found[1], message: found[2] };
}

export const problemsOf = (messages) => (messages ?? []).map((text) => parsed(String(text)) ?? { pointer: "", message: String(text) });

customElements.define("json-editor", JsonEditor);
