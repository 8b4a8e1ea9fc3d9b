// One message: text while it grows, rendered HTML once it is complete.
import { bytes } from "../lib/format.js";
import { clone, fill } from "../lib/slots.js";
import { TextStream } from "../lib/text-stream.js";

export class ChatMessage extends HTMLElement {
  #stream = new TextStream();
  #pieces = "";
  #frame = null;

  static make(personaName) {
    const message = clone("message-template");
    fill(message, { text: "" });
    message.dataset.personaName = personaName;
    return message;
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  get isStreaming() {
    return this.dataset.role === "assistant" && this.dataset.ending === "";
  }

  get hasText() {
    return this.#stream.text !== "" || this.#text.textContent.trim() !== "";
  }

  get hasGap() {
    return this.isStreaming && this.#stream.hasGap;
  }

  /** Show an item as the server tells it; a message that has ended never changes again. */
  show(item, { after, isQueued = false }) {
    const isSettled = this.dataset.message === String(item.id) && this.dataset.ending !== "" && item.ending === this.dataset.ending;
    this.#label(item, after);
    this.toggleAttribute("data-queued", isQueued);
    if (isSettled) return;
    fill(this, { "ending-text": item.ending_text });
    this.#list(item.attachments ?? []);
    this.querySelector(".message__time").setAttribute("datetime", item.created_at ?? "");
    if (item.ending === "" && item.role === "assistant") this.#grow(item.text);
    else this.#settle(item);
  }

  /** Add a streamed piece; returns what the text has gained. */
  addPiece(piece) {
    if (!this.isStreaming) return "";
    const gained = this.#stream.add(piece);
    this.#write(gained);
    return gained;
  }

  get #text() {
    return this.querySelector('[data-slot="text"]');
  }

  #label(item, after) {
    this.dataset.message = item.id ?? "";
    this.dataset.role = item.role;
    this.dataset.run = item.run ?? "";
    this.dataset.ending = item.ending;
    this.dataset.after = after;
    this.dataset.clientId = item.client_id ?? "";
    this.toggleAttribute("data-scripted", Boolean(item.scripted));
    this.setAttribute("aria-busy", String(this.isStreaming));
    if (item.role === "user") this.setAttribute("aria-label", "You");
  }

  #list(files) {
    const chips = files.map((file) => {
      const chip = clone("file-template");
      fill(chip, { "file-name": file.name, "file-size": bytes(file.size) });
      chip.setAttribute("href", file.url);
      return chip;
    });
    this.querySelector("[data-files]").replaceChildren(...chips);
  }

  #grow(text) {
    const before = this.#stream.text.length;
    this.#stream.catchUp(text);
    if (before === 0) this.#replaceText(this.#stream.text);
    else this.#write(this.#stream.text.slice(before));
  }

  #settle(item) {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.#replaceText(item.html ? "" : item.text);
    if (item.html) this.querySelector("rich-text").show(item.html);
  }

  #replaceText(text) {
    this.#pieces = "";
    this.#text.textContent = text;
  }

  // One write per frame however fast pieces come; a hidden page has no frames and is written at once.
  #write(piece) {
    this.#pieces += piece;
    if (document.hidden) this.#flush();
    else this.#frame ??= requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    this.#frame = null;
    if (this.#pieces === "") return;
    const last = this.#text.lastChild;
    if (last instanceof Text) last.appendData(this.#pieces);
    else this.#text.append(this.#pieces);
    this.#pieces = "";
  }
}

customElements.define("chat-message", ChatMessage);
