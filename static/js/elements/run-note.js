// Where an answer stands while nothing of it can be read: working, waiting, failed, stopped.
import * as api from "../lib/api.js";
import { clone, fill } from "../lib/slots.js";

const LIMITS = ["step_limit", "time_limit"];

export class RunNote extends HTMLElement {
  #onClick = (event) => {
    if (event.target.closest("[data-retry]")) this.#send("retry");
    if (event.target.closest("[data-stop-here]")) this.#send("cancellation");
    const chosen = event.target.closest("[data-choice]");
    if (chosen) this.#send("continuation", { choice: chosen.dataset.choice });
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
      chosen: Boolean(run.chosen),
      rests: (run.choices ?? []).length > 0,
    });
    const gives = LIMITS.includes(run.reason) ? "gives this answer as much again" : "lets this answer alone go beyond it";
    fill(this, { "run-reason": run.reason_text, "run-limit": run.reason_text, "run-gives": `“Go on” ${gives}.`, "run-chosen": run.chosen });
    this.querySelector("day-time").setAttribute("datetime", run.rests_until ?? "");
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

  /** Whether its person is asked how to go on. */
  get rests() {
    return this.dataset.rests === "true";
  }

  focus(options) {
    this.querySelector(".run__resting").focus(options);
  }

  async #send(verb, body) {
    const buttons = this.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    try {
      await api.post(`/api/runs/${this.dataset.runNote}/${verb}`, body);
      this.dispatchEvent(new CustomEvent("run-changed", { bubbles: true }));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("command-failed", { bubbles: true, detail: error }));
      // Somebody was faster, in another window perhaps: what is shown here is not so any more.
      if (error.status === 409) this.dispatchEvent(new CustomEvent("run-changed", { bubbles: true }));
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }
}

customElements.define("run-note", RunNote);
