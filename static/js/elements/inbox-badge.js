// How many questions wait for this person: beside the link, in the title of the page, and for the phone's menu button.
import * as api from "../lib/api.js";
import { InboxChannel } from "../lib/inbox-channel.js";
import { isOn, notify } from "../lib/notifying.js";
import { fill, show } from "../lib/slots.js";

const TOGETHER = 250;
const MARK = /^\(\d+\+?\) /;

class InboxBadge extends HTMLElement {
  #channel = new InboxChannel((news, isListening) => this.#heard(news, isListening));
  #timer = null;
  #latest = 0;

  connectedCallback() {
    this.#channel.start();
    this.#count();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#channel.stop();
  }

  #heard(news, isListening) {
    // After a pause of the socket anything may have happened: "ready" means look at everything again.
    document.dispatchEvent(new CustomEvent("inbox-news", { detail: news }));
    // News that keeps coming is counted together, and never put off.
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#count();
    }, TOGETHER);
    if (news.type === "ready") this.dataset.listening = "";
    if (isListening && news.type === "inbox" && news.event) this.#tell(news);
  }

  async #count() {
    const turn = ++this.#latest;
    try {
      const { count, more } = await api.get("/api/approvals/waiting");
      if (turn === this.#latest) this.#show(count, more);
    } catch {
      // The next news, or the next page, tells. A wrong number would be worse than the one from before.
    }
  }

  #show(count, more) {
    // Where many wait that others decide, nobody has looked whether one of the rest is theirs.
    const text = more && !count ? "…" : `${count}${more ? "+" : ""}`;
    const slot = this.querySelector('[data-slot="inbox-count"]');
    fill(this, { "inbox-count": text });
    slot.setAttribute("aria-label", count ? `${text} waiting for you` : "Many are waiting, perhaps for you");
    show(slot, count > 0 || more);
    document.documentElement.toggleAttribute("data-asked", count > 0);
    const title = document.title.replace(MARK, "");
    document.title = count > 0 ? `(${text}) ${title}` : title;
  }

  async #tell({ approval, event }) {
    if (!isOn() || document.hasFocus()) return;
    try {
      const question = await api.get(`/api/approvals/${approval}`);
      if (question.status === "pending" && question.may_decide) notify(question, event);
    } catch {
      // Not theirs to see, or the server is away: nothing to tell.
    }
  }
}

customElements.define("inbox-badge", InboxBadge);
