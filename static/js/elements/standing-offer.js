// "And from now on, when …": what a yes may be widened to, asked of the server when somebody opens it, and given with the
// yes in one step. What may be chosen is the server's; what is sent back are the keys of it.
import { alarm, say } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { dayTime } from "../lib/format.js";
import { clone, fill, show } from "../lib/slots.js";

export class StandingOffer extends HTMLElement {
  #offer = null;
  #isBusy = false;
  // `toggle` does not bubble.
  #onToggle = () => this.#fold.open && !this.#offer && this.#load();
  #onClick = (event) => event.target.closest("[data-allow]") && this.#allow();
  #onInput = () => this.#tell();

  connectedCallback() {
    this.#fold.addEventListener("toggle", this.#onToggle);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("input", this.#onInput);
    this.#settle();
  }

  disconnectedCallback() {
    this.#fold.removeEventListener("toggle", this.#onToggle);
    this.removeEventListener("click", this.#onClick);
    this.removeEventListener("input", this.#onInput);
  }

  /** The card shows another question, or the same one as it is now; one that does not say keeps what it was. */
  show(approval) {
    if (approval.from_now_on !== undefined) this.dataset.offered = approval.from_now_on;
    if (this.#offer && this.#offer.digest !== approval.digest) this.#forget();
    this.#settle();
  }

  get #card() {
    return this.closest("approval-card");
  }

  get #fold() {
    return this.querySelector("details");
  }

  get #address() {
    return `/api/approvals/${this.#card.dataset.approval}/standing`;
  }

  #forget() {
    this.#offer = null;
    this.#fold.open = false;
    show(this.querySelector("[data-choices]"), false);
    this.#complain(null);
  }

  async #load() {
    try {
      this.#draw(await api.get(this.#address));
    } catch (error) {
      this.#complain(error);
    }
  }

  #draw(offer) {
    this.#offer = offer;
    const rows = offer.arguments.map((argument) => row(argument));
    this.querySelector("[data-standing-rows]").replaceChildren(...rows);
    choose(this.#where, [...(offer.in_conversation ? [["here", "In this conversation"]] : []), ["everywhere", `Wherever ${offer.persona} works for ${offer.requester}`]]);
    choose(this.#time, offer.times.map(({ seconds, words }) => [seconds, words]), offer.seconds.suggested);
    Object.assign(this.#uses, { max: offer.uses.most, value: offer.uses.suggested });
    show(this.querySelector("[data-choices]"), true);
    this.#tell();
    this.querySelector("select")?.focus({ preventScroll: true });
  }

  get #where() {
    return this.querySelector("[data-where]");
  }

  get #time() {
    return this.querySelector("[data-time]");
  }

  get #uses() {
    return this.querySelector("[data-uses]");
  }

  #tell() {
    if (!this.#offer) return;
    const { persona, tool, requester } = this.#offer;
    const until = dayTime(new Date(Date.now() + Number(this.#time.value) * 1_000));
    const uses = this.#uses.value === "1" ? "once" : `at most ${this.#uses.value} times`;
    const place = this.#where.value === "here" ? "in this conversation" : "in all conversations";
    const ways = [...this.querySelectorAll("[data-way]")].map((way) => `${way.dataset.way}: ${way.selectedOptions[0]?.textContent}`);
    const only = ways.length > 0 ? ` Only with ${ways.join("; ")}.` : "";
    fill(this, { "standing-told": `Until ${until} and ${uses}, ${persona} then uses ${tool} for ${requester} ${place} without asking.${only} You can take that back at any time.` });
  }

  async #allow() {
    if (!this.#offer || this.#isBusy) return;
    this.#isBusy = true;
    this.#settle();
    this.#complain(null);
    try {
      const { approval } = await api.post(this.#address, this.#wish());
      say("Approved, and allowed from now on");
      const card = this.#card;
      card.show(approval);
      card.dispatchEvent(new CustomEvent("approval-decided", { bubbles: true }));
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#isBusy = false;
      this.#settle();
    }
  }

  #wish() {
    const ways = [...this.querySelectorAll("[data-way]")].map((way) => [way.dataset.way, way.value]);
    return {
      digest: this.#card.dataset.digest,
      choices: Object.fromEntries(ways),
      everywhere: this.#where.value === "everywhere",
      seconds: Number(this.#time.value),
      uses: Number(this.#uses.value),
      comment: this.#card.querySelector('[name="comment"]')?.value.trim() ?? "",
    };
  }

  #refused(error) {
    const fresh = error.details.approval;
    if (error.status === 409 && fresh?.digest) this.#card.show(fresh);
    if (error.status === 409) this.#card.dispatchEvent(new CustomEvent("approval-stale", { bubbles: true }));
    this.#complain(error);
    alarm(error.message);
  }

  #complain(error) {
    const { choices = {}, ...others } = error?.details?.fields ?? {};
    const more = [...Object.entries(choices), ...Object.entries(others)].map(([name, told]) => `${name}: ${told}`);
    show(this.querySelector("[data-standing-error]"), Boolean(error));
    fill(this, { "standing-error": [error?.message, ...more].filter(Boolean).join(" ") });
    const link = this.querySelector("[data-standing-login]");
    link.href = `${link.pathname}?next=${encodeURIComponent(location.pathname)}`;
    link.hidden = !(error && (error.status === 401 || error.code.includes("login")));
  }

  #settle() {
    const card = this.#card?.dataset;
    this.hidden = !(this.dataset.offered === "true" && card?.status === "pending" && card?.mayDecide === "true" && card?.halted !== "true");
    this.querySelector("[data-choices]").disabled = this.#isBusy;
  }
}

function row(argument) {
  const made = clone("standing-row-template");
  const way = made.querySelector("[data-way]");
  way.dataset.way = argument.name;
  choose(way, argument.choices.map(({ key, words }) => [key, words]), argument.suggested);
  fill(made, { "standing-name": argument.label, "standing-value": argument.value });
  return made;
}

function choose(select, options, chosen) {
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value, false, value === chosen)));
}

customElements.define("standing-offer", StandingOffer);
