// The first page: choose a persona, write, and the conversation opens.
import * as api from "../lib/api.js";
import { paint } from "../lib/colors.js";
import { fill } from "../lib/slots.js";

class PersonaPicker extends HTMLElement {
  #isSending = false;
  // Kept until it is accepted: asked again after an answer that got lost, it must not open a second conversation.
  #asked = { what: "", clientId: "" };
  #onChange = () => this.#chosen();
  #onClick = (event) => this.#clicked(event);
  #onKey = (event) => this.#pressed(event);
  #onSend = (event) => this.#send(event.detail.text);
  #onFailed = (event) => this.#composer.complain(event.detail.message);

  connectedCallback() {
    this.addEventListener("change", this.#onChange);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("composer-send", this.#onSend);
    this.addEventListener("command-failed", this.#onFailed);
    this.querySelectorAll(".persona").forEach(paint);
    this.#chosen();
  }

  disconnectedCallback() {
    this.removeEventListener("change", this.#onChange);
    this.removeEventListener("click", this.#onClick);
    this.removeEventListener("keydown", this.#onKey);
    this.removeEventListener("composer-send", this.#onSend);
    this.removeEventListener("command-failed", this.#onFailed);
  }

  get #choice() {
    return this.querySelector(".persona__choice:checked");
  }

  get #composer() {
    return this.querySelector("message-composer");
  }

  #chosen() {
    const choice = this.#choice;
    if (choice) fill(this, { "may-ask": `What may ${choice.dataset.name} do for me?` });
    if (choice && this.#composer) this.#composer.placeholder = `Message ${choice.dataset.name}`;
    for (const starters of this.querySelectorAll("[data-starters-of]")) {
      starters.hidden = starters.dataset.startersOf !== choice?.value;
    }
  }

  #clicked(event) {
    const starter = event.target.closest("[data-starter]");
    if (starter) this.#send(starter.textContent);
    // A pointer has chosen: writing is next. Arrow keys are still choosing and keep the focus.
    if (event.detail > 0 && event.target.closest(".persona")) setTimeout(() => this.#composer?.focusText());
  }

  #pressed(event) {
    if (event.key !== "Enter" || !event.target.matches(".persona__choice")) return;
    event.preventDefault();
    event.target.checked = true;
    this.#chosen();
    this.#composer?.focusText();
  }

  async #send(text) {
    if (this.#isSending) return;
    if (!this.#choice) {
      this.#composer.complain("Choose who should answer first.");
      return;
    }
    this.#isSending = true;
    try {
      const answer = await this.#opened(Number(this.#choice.value), text);
      this.#asked = { what: "", clientId: "" };
      this.#composer.text = "";
      location.assign((answer.conversation ?? answer).url);
    } catch (error) {
      this.#composer.complain(error.message);
    } finally {
      this.#isSending = false;
    }
  }

  /** Open the conversation: with the message at once, or for files first, which need one to go to. */
  async #opened(agent, text) {
    const { tray } = this.#composer;
    if (!tray || tray.isEmpty) return api.post("/api/conversations", this.#body(agent, text));
    const answer = await api.post("/api/conversations", this.#body(agent));
    tray.conversation = answer.conversation.id;
    await tray.finished();
    if (tray.complaint) throw new Error(tray.complaint);
    await api.post(`/api/conversations/${answer.conversation.id}/messages`, { text, client_id: this.#asked.clientId });
    return answer;
  }

  #body(agent, text) {
    const what = JSON.stringify([agent, text]);
    if (this.#asked.what !== what) this.#asked = { what, clientId: api.newClientId() };
    return { agent, text, client_id: this.#asked.clientId };
  }
}

customElements.define("persona-picker", PersonaPicker);
