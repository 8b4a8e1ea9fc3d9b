// The field at the bottom: grows with its text, keeps drafts, offers Stop while an answer is being worked out.
import { fill, show } from "../lib/slots.js";
import { keepDraft, readDraft } from "../lib/drafts.js";

class MessageComposer extends HTMLElement {
  #onInput = () => {
    this.complain(null);
    this.#changed();
  };
  #onKey = (event) => this.#pressed(event);
  #onSubmit = (event) => this.#submit(event);
  #onClick = (event) => this.#clicked(event);

  connectedCallback() {
    this.addEventListener("input", this.#onInput);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("click", this.#onClick);
    if (!this.#field.value) this.#field.value = readDraft(this.dataset.draft);
    this.#changed();
    // Writing is what one comes for, unless the focus is already somewhere, or a keyboard would cover the screen.
    if (document.activeElement === document.body && matchMedia("(pointer: fine)").matches) this.#field.focus({ preventScroll: true });
  }

  disconnectedCallback() {
    this.removeEventListener("input", this.#onInput);
    this.removeEventListener("keydown", this.#onKey);
    this.removeEventListener("submit", this.#onSubmit);
    this.removeEventListener("click", this.#onClick);
  }

  get #field() {
    return this.querySelector("textarea");
  }

  get text() {
    return this.#field.value.trim();
  }

  set text(value) {
    this.#field.value = value;
    this.#changed();
  }

  set placeholder(value) {
    this.#field.placeholder = value;
  }

  /** Whether an answer is being worked out; sending stays possible, the message then waits its turn. */
  set isRunning(value) {
    this.toggleAttribute("data-running", value);
  }

  set isClosed(value) {
    this.#field.disabled = value;
    this.#changed();
  }

  set waiting(count) {
    show(this.querySelector("[data-review]"), count > 0);
    fill(this, { "review-label": count === 1 ? "One question waits for you" : `${count} questions wait for you` });
  }

  focusText() {
    this.#field.focus({ preventScroll: true });
  }

  /** Give a text back that could not be sent, in front of what was typed since. */
  restore(text, message) {
    this.text = [text, this.text].filter(Boolean).join("\n\n");
    this.complain(message);
    this.focusText();
  }

  complain(message) {
    show(this.querySelector("[data-error]"), Boolean(message));
    fill(this, { "composer-error": message ?? "" });
  }

  #changed() {
    keepDraft(this.dataset.draft, this.#field.value);
    this.querySelector("[type=submit]").disabled = this.text === "" || this.#field.disabled;
    this.#resize();
  }

  #resize() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }

  #pressed(event) {
    const wantsLine = event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches;
    if (event.target !== this.#field || event.key !== "Enter" || wantsLine) return;
    event.preventDefault();
    this.querySelector("form").requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.text;
    if (text === "" || this.#field.disabled) return;
    this.complain(null);
    this.dispatchEvent(new CustomEvent("composer-send", { bubbles: true, detail: { text } }));
  }

  #clicked(event) {
    if (event.target.closest("[data-stop]")) this.dispatchEvent(new CustomEvent("composer-stop", { bubbles: true }));
    if (event.target.closest("[data-review]")) this.dispatchEvent(new CustomEvent("composer-review", { bubbles: true }));
  }
}

customElements.define("message-composer", MessageComposer);
