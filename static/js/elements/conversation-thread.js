// One conversation on the page: joins what the server tells (sync), what is shown (view) and what the person does.
import { alarm } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { paint } from "../lib/colors.js";
import { keepDraft } from "../lib/drafts.js";
import { isTyping } from "../lib/keys.js";
import { Follower } from "../lib/scroll.js";
import { fill, show } from "../lib/slots.js";
import { ConversationSync } from "../lib/sync.js";
import { ThreadView } from "../lib/thread-view.js";

const CONNECTION_WORDS = {
  lost: "Connection lost. Trying again; nothing is lost.",
  crowded: "You have very many pages open. Close some; until then this one follows more slowly.",
  "signed-out": "You have been signed out.",
  gone: "This conversation is no longer available to you.",
};
const LOST_PATIENCE = 1_200;

class ConversationThread extends HTMLElement {
  #view;
  #sync;
  #follower;
  #lostTimer = null;
  #listeners = {
    "composer-send": (event) => this.#send(event.detail.text),
    "composer-stop": () => this.#stop(),
    "composer-review": () => this.#review(),
    "approval-decided": () => this.#decided(),
    "approval-stale": (event) => this.#replaced(event.detail),
    "run-changed": () => this.#replaced(),
    "command-failed": (event) => this.#composer.complain(event.detail.message),
    click: (event) => this.#clicked(event),
  };
  #onReview = (event) => event.target === document && this.#review();
  #onKey = (event) => this.#pressed(event);

  connectedCallback() {
    paint(this);
    const scroller = this.querySelector("[data-scroller]");
    this.#follower = new Follower(scroller, scroller.firstElementChild, this.querySelector("[data-newer]"));
    this.#view = new ThreadView(this, {
      onNews: () => this.#follower.noteNews(),
      onChange: () => this.#changed(),
      onUncertain: () => this.#sync.refresh(),
      onConnection: (state) => this.#showConnection(state),
    });
    for (const [name, listener] of Object.entries(this.#listeners)) this.addEventListener(name, listener);
    document.addEventListener("composer-review", this.#onReview);
    document.addEventListener("keydown", this.#onKey);
    this.#follower.toEnd();
    // What waits for this person is read from where it begins.
    if (this.#view.asking.length > 0) this.#follower.showNew(this.#view.asking[0]);
    this.#sync = new ConversationSync(this.dataset.conversation, Number(this.dataset.cursor), this.#view);
    this.#sync.start();
  }

  disconnectedCallback() {
    this.#sync.stop();
    this.#follower.stop();
    clearTimeout(this.#lostTimer);
    for (const [name, listener] of Object.entries(this.#listeners)) this.removeEventListener(name, listener);
    document.removeEventListener("composer-review", this.#onReview);
    document.removeEventListener("keydown", this.#onKey);
  }

  get #composer() {
    return this.querySelector("message-composer");
  }

  async #send(text) {
    const clientId = api.newClientId();
    const draftKey = this.#composer.dataset.draft;
    const files = this.#composer.tray?.take() ?? [];
    this.#composer.text = "";
    // Until the server has it, the text also lives in this browser.
    keepDraft(draftKey, text);
    this.#view.showPending(clientId, text, files);
    this.#follower.toEnd();
    try {
      const path = `/api/conversations/${this.dataset.conversation}/messages`;
      this.#view.showAccepted(await api.post(path, { text, client_id: clientId }));
      keepDraft(draftKey, this.#composer.text);
    } catch (error) {
      this.#view.dropPending(clientId);
      this.#composer.tray?.give(files);
      this.#composer.restore(text, error.message);
    }
  }

  async #stop() {
    const run = this.#view.activeRun;
    if (!run) return;
    try {
      await api.post(`/api/runs/${run.id}/cancellation`);
    } catch (error) {
      // A conflict means that it has ended by itself meanwhile.
      if (error.status !== 409) this.#composer.complain(error.message);
    }
    this.#sync.refresh();
  }

  #changed() {
    this.#composer.isRunning = this.#view.hasOpenRun;
    this.#composer.waiting = this.#view.asking.length;
    show(this.querySelector("[data-empty]"), this.#view.isEmpty);
    fill(this, { title: this.#view.title });
  }

  #review() {
    const [card] = this.#view.asking;
    if (!card) return;
    this.#follower.show(card);
    card.focus({ preventScroll: true });
  }

  #decided() {
    if (this.#view.asking.length > 0) this.#review();
    else this.#composer.focusText();
    this.#follower.toEnd();
  }

  /** Another question may stand in the place of one: whoever has lost the focus with its card finds it there. */
  async #replaced(told) {
    await this.#sync.refresh();
    if (document.activeElement !== document.body) return;
    const card = told && this.querySelector(`approval-card[data-approval="${told.id}"]`);
    if (card?.isPending) card.focus({ preventScroll: true });
    else if (this.#view.asking.length > 0) this.#review();
    else this.#composer.focusText();
  }

  #clicked(event) {
    const starter = event.target.closest("[data-starter]");
    if (starter) this.#send(starter.textContent);
  }

  #pressed(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], side-drawer[data-open]")) return;
    const card = event.target.closest("approval-card");
    if (card) card.stepBack(event.target) || this.#composer.focusText();
    else if (!isTyping(event) || event.target.closest("message-composer")) this.#escape();
  }

  /** Stop what is being worked out. Where all of it waits for a verdict, a key pressed in passing must not take it back. */
  #escape() {
    if (this.#view.activeRun?.status === "waiting" && this.#view.asking.length > 0) this.#review();
    else this.#stop();
  }

  #showConnection(state) {
    clearTimeout(this.#lostTimer);
    // A short break heals by itself: a banner that flashes by would only worry.
    if (state === "lost") this.#lostTimer = setTimeout(() => this.#writeConnection(state), LOST_PATIENCE);
    else this.#writeConnection(state);
  }

  #writeConnection(state) {
    const banner = this.querySelector("[data-connection]");
    show(banner, state !== "open");
    fill(banner, { connection: CONNECTION_WORDS[state] ?? "" });
    show(banner.querySelector("[data-sign-in]"), state === "signed-out");
    const isClosed = state === "gone" || state === "signed-out";
    this.#composer.isClosed = isClosed;
    if (isClosed) alarm(CONNECTION_WORDS[state]);
  }
}

customElements.define("conversation-thread", ConversationThread);
