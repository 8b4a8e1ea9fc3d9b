// Why a use was allowed, asked about or refused: fetched when somebody opens it, because hardly anybody does.
import { ApiError, get } from "../lib/api.js";
import { make } from "../lib/build.js";

const WORDS = { allow: "allowed", ask: "a person is asked", refuse: "refused" };
const STAGES = {
  asked: "When it was asked for",
  verdict: "When somebody decided",
  claim: "When it was about to start",
};
const SIGNS = { pass: "passed", ask: "asks", refuse: "refused" };

export class WhyAsked extends HTMLElement {
  #asked = 0;
  #onToggle = (event) => {
    if (event.target.open) this.#tell();
  };

  connectedCallback() {
    // Toggle does not bubble.
    this.addEventListener("toggle", this.#onToggle, true);
  }

  disconnectedCallback() {
    this.removeEventListener("toggle", this.#onToggle, true);
    this.#asked += 1;
  }

  get #call() {
    return this.closest("approval-card")?.dataset.call || this.closest("tool-call")?.dataset.call;
  }

  get #place() {
    return this.querySelector("[data-why]");
  }

  async #tell() {
    const asked = (this.#asked += 1);
    if (!this.#place.childElementCount) this.#place.replaceChildren(make("p", { className: "why__note" }, "Looking it up …"));
    try {
      const told = await get(`/api/calls/${this.#call}/explanation`);
      if (asked === this.#asked) this.#place.replaceChildren(...drawn(told));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (asked === this.#asked) this.#place.replaceChildren(make("p", { className: "why__note" }, error.message));
    }
  }
}

/** Each decision as it was, and what it would be today where that is another one. */
function drawn({ then, today, differs }) {
  const parts = then.flatMap((each) => chain(STAGES[each.stage] ?? each.stage, each));
  if (!then.length && today) return [note("How it was decided was not kept. This is what would be said today."), ...chain("Today", today)];
  if (!then.length) return [note("How it was decided was not kept.")];
  if (!today) return [...parts, note("What the model wrote could not be read, so there is nothing to decide again.")];
  if (!differs) return [...parts, note("Today the same would be said.")];
  return [...parts, ...chain("Today it would be", today)];
}

function chain(title, { decision, explanation }) {
  const heading = make("p", { className: "why__when" }, `${title}: `, make("strong", { className: `why__word why__word--${decision}` }, WORDS[decision]));
  return [heading, make("ol", { className: "why__steps" }, answerFirst(explanation).map(step))];
}

/** What decided stands first; whoever wants to know what else was looked at reads on. */
function answerFirst(steps) {
  return [...steps.filter((each) => each.outcome !== "pass"), ...steps.filter((each) => each.outcome === "pass")];
}

function step({ title, outcome, text, sources }) {
  const said = make("span", { className: "why__text" }, text);
  const mark = make("span", { className: "visually-hidden" }, ` (${SIGNS[outcome]}) `);
  const rows = sources.length ? make("span", { className: "why__rows" }, sources.map(row)) : null;
  return make("li", { className: `why__step why__step--${outcome}` }, make("span", { className: "why__title" }, title), mark, said, rows);
}

function row({ kind, name, url }) {
  const label = `${kind.replaceAll("_", " ")} ${name}`.trim();
  return url ? make("a", { className: "why__row", href: url }, label) : make("span", { className: "why__row" }, label);
}

const note = (text) => make("p", { className: "why__note" }, text);

customElements.define("why-asked", WhyAsked);
