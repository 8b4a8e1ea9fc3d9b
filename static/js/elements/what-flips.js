// Before a change of policy is saved: which of the last calls it concerns would have been decided otherwise.
import { ApiError, post } from "../lib/api.js";
import { button, choice, make } from "../lib/build.js";
import { wrongIn } from "../lib/foretold.js";
import { grants, named, read, tool } from "../lib/typed.js";

const WORDS = { allow: "allowed", ask: "asks a person", refuse: "refused" };
const SHOWN = 50;

export class WhatFlips extends HTMLElement {
  #tool = null;
  #said = make("div", { className: "try__said", "aria-live": "polite" });
  #turn = 0;

  connectedCallback() {
    if (this.childElementCount) return;
    const granted = this.dataset.agent ? named(Object.keys(grants())) : [];
    if (this.dataset.agent && !granted.length) return;
    if (granted.length) this.#tool = choice(granted[0][0], granted, { id: "flips-tool" });
    const field = this.#tool ? make("div", { className: "made-field" }, make("label", { className: "made-label", htmlFor: "flips-tool" }, "Tool"), this.#tool) : null;
    this.append(
      make("header", { className: "panel__head" }, make("h2", {}, this.dataset.standing ? "What would taking it back have changed?" : "What would it have changed?"), make("span", { className: "made-help" }, this.dataset.standing ? "The last calls like these are decided again, with it and as if it were taken back. Nothing runs." : "The last calls it concerns are decided again, as it is saved and as it is typed here. Nothing runs.")),
      ...[field].filter(Boolean),
      make("div", { className: "try__acts" }, button("Decide them again", () => this.#run(), { className: "made-button made-button--main" })),
      this.#said,
    );
  }

  disconnectedCallback() {
    this.#turn += 1;
  }

  async #run() {
    const turn = (this.#turn += 1);
    const say = (...parts) => turn === this.#turn && this.#said.replaceChildren(...parts);
    say(make("p", { className: "made-help" }, "Asking the gate …"));
    try {
      const sent = this.#typed();
      if (sent === null) throw new SyntaxError("unreadable");
      say(...drawn(await post("/api/replays", sent)));
    } catch (error) {
      if (error instanceof SyntaxError) say(make("p", { className: "made-error" }, "The JSON in the form cannot be read yet."));
      else if (error instanceof ApiError) say(make("p", { className: "made-error" }, wrongIn(error)));
      else throw error;
    }
  }

  #typed() {
    const { agent, tool: page, rule, standing } = this.dataset;
    if (standing) return { standing: Number(standing), remove: true };
    if (agent) return { agent: Number(agent), tool: Number(this.#tool.value), values: read(grants()[this.#tool.value]) };
    if (page === undefined) return { rule: rule ? Number(rule) : null, values: read("id_") };
    const values = tool();
    return values && { tool: Number(page), values };
  }
}

function drawn({ looked_at: seen, whose, skipped, counts, left_out: omitted, flips }) {
  const own = whose === "yours" ? "your " : "the ";
  if (!seen) return [make("p", {}, whose === "yours" ? "You have made no call that it concerns yet. Who may read the record sees those of everybody." : "No call that it concerns has been made yet.")];
  const calls = `${seen} ${seen === 1 ? "call" : "calls"}`;
  const rest = [
    ...Object.entries(omitted).map(([what, number]) => make("p", { className: "made-help" }, `${number} of them: ${what}`)),
    skipped ? make("p", { className: "made-help" }, `${skipped} more could not be read then, or tried a draft.`) : null,
  ].filter(Boolean);
  if (!flips.length) return [make("p", { className: "try__verdict try__verdict--allow" }, `Of ${own}last ${calls} every one would be decided the same.`), ...rest];
  const told = Object.entries(counts).map(([from, number]) => `${number} from ${from.split(" to ").map((each) => WORDS[each]).join(" to ")}`);
  const more = flips.length > SHOWN ? make("p", { className: "made-help" }, `${flips.length - SHOWN} more are in the API.`) : null;
  return [
    make("p", { className: "try__verdict try__verdict--ask" }, `${flips.length} of ${own}last ${calls} would be decided otherwise.`),
    make("p", {}, `${told.join(", ")}.`),
    make("ol", { className: "flips" }, flips.slice(0, SHOWN).map(row)),
    more,
    ...rest,
  ].filter(Boolean);
}

function row({ call, created_at: at, tool, persona, person, before, after, left_out: omitted, url }) {
  const when = new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const name = `${tool} #${call}`;
  const change = [make("span", { className: `flips__word flips__word--${before.decision}` }, WORDS[before.decision]), " → ", make("strong", { className: `flips__word flips__word--${after.decision}` }, WORDS[after.decision])];
  const who = [persona, person].filter(Boolean).join(" for ");
  return make("li", { className: "flips__row" }, make("span", { className: "flips__call" }, url ? make("a", { href: url }, name) : name, make("span", { className: "made-help" }, ` ${when} · ${who}`)), make("span", { className: "flips__change" }, change), make("span", { className: "flips__why" }, [after.text || before.text, ...omitted].join(" ")));
}

customElements.define("what-flips", WhatFlips);
