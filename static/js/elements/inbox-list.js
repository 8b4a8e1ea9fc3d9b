// The questions of the inbox: keys to move through them, one open at a time, and kept as the server has them.
import * as alike from "../lib/alike.js";
import { alarm, say } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { cardOf, close, isOpen, lineOf, made, open, settle, write } from "../lib/inbox-item.js";
import { isPlain, isTyping } from "../lib/keys.js";
import { show } from "../lib/slots.js";

const TOGETHER = 150;
const LOOK_EVERY = 30_000;
const SHOWN = 50;
// What was approved may yet be used, or taken back.
const OPEN = new Set(["pending", "approved"]);

class InboxList extends HTMLElement {
  #timer = null;
  #looking = null;
  #latest = 0;
  #keys = {
    j: () => this.#step(1),
    k: () => this.#step(-1),
    ArrowDown: () => this.#step(1),
    ArrowUp: () => this.#step(-1),
    c: () => this.#opened && cardOf(this.#opened).querySelector('[name="comment"]').focus(),
  };
  #listeners = {
    click: (event) => this.#clicked(event),
    change: (event) => event.target.form?.matches(".inbox__filters") && event.target.form.requestSubmit(),
    submit: (event) => event.target.matches(".inbox__filters") && leaveOutEmpty(event.target),
    "approval-decided": (event) => this.#decided(event.target.closest("[data-item]")),
    "approval-stale": (event) => this.#replaced(event.target.closest("[data-item]"), event.detail),
    "approval-changing": () => this.#offerTogether(),
  };
  #onNews = () => this.#soon();
  #onKey = (event) => this.#pressed(event);
  #onShown = () => document.hidden || this.#soon();

  connectedCallback() {
    for (const [name, listener] of Object.entries(this.#listeners)) this.addEventListener(name, listener);
    document.addEventListener("keydown", this.#onKey);
    if (this.#isHistory) {
      for (const item of this.#items) settle(item);
    } else {
      document.addEventListener("inbox-news", this.#onNews);
      document.addEventListener("visibilitychange", this.#onShown);
      this.#looking = setInterval(() => document.hidden || this.#refresh(), LOOK_EVERY);
      this.#refresh();
    }
    this.#openLinked();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    for (const [name, listener] of Object.entries(this.#listeners)) this.removeEventListener(name, listener);
    document.removeEventListener("keydown", this.#onKey);
    document.removeEventListener("inbox-news", this.#onNews);
    document.removeEventListener("visibilitychange", this.#onShown);
  }

  get #isHistory() {
    return this.dataset.show === "decided";
  }

  get #items() {
    return [...this.querySelectorAll("[data-item]")];
  }

  get #opened() {
    return this.#items.find(isOpen) ?? null;
  }

  #openLinked() {
    const wanted = new URLSearchParams(location.search).get("question");
    const item = this.#items.find((each) => each.dataset.item === wanted);
    if (item) open(item);
  }

  /** Look again in a moment. News that keeps coming is looked at together, and never put off. */
  #soon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#refresh();
    }, TOGETHER);
  }

  async #refresh() {
    const turn = ++this.#latest;
    // What the page has understood of its address: it passes over what no filter knows.
    const asked = new URLSearchParams(this.dataset.asked);
    const query = new URLSearchParams([["open", "true"], ["asked", "true"], ["page_size", String(SHOWN)], ...asked]);
    await this.#attempt(async () => {
      const { results } = await api.get(`/api/approvals?${query}`);
      // A slow answer to an older question must not undo a newer one.
      if (turn === this.#latest) await this.#take(results);
    });
  }

  async #take(approvals) {
    const known = new Map(this.#items.map((item) => [item.dataset.item, item]));
    for (const approval of approvals) {
      const item = known.get(String(approval.id));
      known.delete(String(approval.id));
      if (item) write(item, approval);
      else this.#insert(made(approval));
    }
    const gone = [...known.values()].filter((item) => OPEN.has(item.dataset.status));
    await Promise.all(gone.map((item) => this.#lookAfter(item)));
    show(this.querySelector("[data-empty]"), this.#items.length === 0);
    this.#offerTogether();
  }

  #offerTogether() {
    const items = this.#items;
    for (const item of items) alike.offer(item, items);
  }

  /** One verdict about all that ask for exactly the same; one that was lost meanwhile says so and stops no other. */
  async #decideTogether(verdict, item) {
    const group = alike.alikeOf(item, this.#items);
    const buttons = [...item.querySelectorAll("[data-together]")];
    for (const button of buttons) button.disabled = true;
    alike.complain(item, "");
    try {
      const results = await alike.decide(verdict, group);
      for (const { approval } of results) write(group.find((each) => each.dataset.item === String(approval.id)), approval);
      const lost = results.filter(({ decided }) => !decided);
      say(`${results.length - lost.length} of ${results.length} decided`);
      if (lost.length > 0) alike.complain(item, `${lost.length} of ${results.length} could not be decided: ${lost[0].message}`);
      else this.#decided(item);
    } catch (error) {
      alike.complain(item, error.message);
      alarm(error.message);
      this.#soon();
    } finally {
      for (const button of buttons) button.disabled = false;
      this.#offerTogether();
    }
  }

  #insert(item) {
    const id = Number(item.dataset.item);
    const later = this.#items.find((other) => Number(other.dataset.item) > id);
    this.querySelector("[data-items]").insertBefore(item, later ?? null);
    say(`A question about ${cardOf(item).querySelector('[data-slot="approval-tool"]').textContent} arrived`);
  }

  /** What waits no more stays where it is, with its verdict: nothing moves under the hand of whoever decides. */
  async #lookAfter(item) {
    try {
      write(item, await api.get(`/api/approvals/${item.dataset.item}`));
    } catch (error) {
      if (error.status === 404) item.remove();
    }
  }

  #decided(item) {
    settle(item);
    this.#offerTogether();
    if (!this.#step(1, (other) => other.dataset.status === "pending" && other.dataset.mayDecide === "true")) lineOf(item).focus();
  }

  /** What was asked anew is opened where the question was that it stands in for. */
  async #replaced(item, told) {
    await this.#refresh();
    const next = told && this.#items.find((each) => each.dataset.item === String(told.id));
    if (next && next !== item && isOpen(item)) this.#open(next);
  }

  /** Open the next one that `fits`; returns whether there was one. */
  #step(direction, fits = () => true) {
    const items = this.#items;
    const at = items.indexOf(this.#opened ?? document.activeElement.closest?.("[data-item]"));
    const others = direction > 0 ? items.slice(at + 1) : items.slice(0, Math.max(at, 0)).reverse();
    const next = others.find(fits);
    if (next) this.#open(next);
    return Boolean(next);
  }

  #open(item) {
    for (const other of this.#items) if (other !== item && isOpen(other)) close(other);
    open(item);
  }

  #clicked(event) {
    const together = event.target.closest("[data-together]");
    if (together) this.#decideTogether(together.dataset.together, together.closest("[data-item]"));
    const item = event.target.closest("[data-toggle]")?.closest("[data-item]");
    if (!item) return;
    if (isOpen(item)) close(item);
    else this.#open(item);
  }

  #pressed(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open], side-drawer[data-open]")) return;
    if (event.key === "Escape") this.#escape(event);
    if (isTyping(event) || !isPlain(event) || event.target.closest?.("side-drawer, pre")) return;
    const command = this.#keys[event.key];
    if (!command) return;
    event.preventDefault();
    command();
  }

  #escape(event) {
    const item = this.#opened;
    if (!item) return;
    const card = cardOf(item);
    if (card.contains(event.target) && (isTyping(event) || card.dataset.changing)) {
      card.stepBack(event.target);
      return;
    }
    close(item);
    lineOf(item).focus();
  }

  async #attempt(work) {
    const place = this.querySelector("[data-error]");
    try {
      await work();
      show(place, false);
    } catch (error) {
      place.textContent = error.message;
      show(place, true);
    }
  }
}

/** An address that says only what was asked. */
function leaveOutEmpty(form) {
  for (const control of form.elements) if (control.name && !control.value) control.disabled = true;
}

customElements.define("inbox-list", InboxList);
