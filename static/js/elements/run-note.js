// Where an answer stands while nothing of it can be read: working, waiting, failed, stopped.
import * as api from "../lib/api.js";
import { clone, fill } from "../lib/slots.js";

export class RunNote extends HTMLElement {
  #onClick = (event) => {
    if (event.target.closest("[data-retry]")) this.#retry();
  };

  static make() {
    return clone("run-template");
  }

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }

  show(run) {
    Object.assign(this.dataset, {
      runNote: run.id,
      status: run.status,
      reason: run.reason ?? "",
      retryable: Boolean(run.retryable),
      for: run.message,
    });
    fill(this, { "run-reason": run.reason_text });
  }

  /** Say what is going on, or nothing when the answer itself shows it. */
  say(text) {
    this.toggleAttribute("data-quiet", text === "");
    if (text) fill(this, { "run-working": text });
  }

  /** Only the newest answer can be tried again, and one that was has nothing left to say. */
  place({ isNewest, isAnsweredAgain }) {
    this.toggleAttribute("data-older", !isNewest);
    this.hidden = isAnsweredAgain;
  }

  async #retry() {
    const buttons = this.querySelectorAll("[data-retry]");
    buttons.forEach((button) => (button.disabled = true));
    try {
      await api.post(`/api/runs/${this.dataset.runNote}/retry`);
      this.dispatchEvent(new CustomEvent("run-changed", { bubbles: true }));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("command-failed", { bubbles: true, detail: error }));
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }
}

customElements.define("run-note", RunNote);
