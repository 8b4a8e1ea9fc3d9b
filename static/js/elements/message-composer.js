// The field at the bottom: grows with its text, keeps drafts, offers Stop while an answer is being worked out.
import { fill, show } from "../lib/slots.js";
import { keepDraft, readDraft } from "../lib/drafts.js";

const DRAGGING = ["dragenter", "dragover", "dragleave", "drop"];

class MessageComposer extends HTMLElement {
  #onInput = () => {
    this.complain(null);
    this.#changed();
  };
  #onKey = (event) => this.#pressed(event);
  #onSubmit = (event) => this.#submit(event);
  #onClick = (event) => this.#clicked(event);
  #onChange = (event) => this.#chosen(event);
  #onPaste = (event) => this.#pasted(event);
  #onTray = () => this.#changed();
  #onDrag = (event) => this.#dragged(event);

  connectedCallback() {
    this.addEventListener("input", this.#onInput);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("change", this.#onChange);
    this.addEventListener("paste", this.#onPaste);
    this.addEventListener("tray-changed", this.#onTray);
    for (const name of DRAGGING) document.addEventListener(name, this.#onDrag);
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
    this.removeEventListener("change", this.#onChange);
    this.removeEventListener("paste", this.#onPaste);
    this.removeEventListener("tray-changed", this.#onTray);
    for (const name of DRAGGING) document.removeEventListener(name, this.#onDrag);
  }

  get #field() {
    return this.querySelector("textarea");
  }

  /** The files beside the message, if this installation takes any. */
  get tray() {
    return this.querySelector("file-tray");
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
    this.querySelector("[type=submit]").disabled = this.text === "" || this.#field.disabled || Boolean(this.tray?.isBusy);
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
    if (this.tray?.isBusy) {
      this.complain("Your files are still on their way. Send it in a moment.");
      return;
    }
    this.complain(null);
    this.dispatchEvent(new CustomEvent("composer-send", { bubbles: true, detail: { text } }));
  }

  #attach(files) {
    if (!this.tray || this.#field.disabled || files.length === 0) return;
    this.complain(null);
    this.tray.add(files);
    this.focusText();
  }

  #chosen(event) {
    if (!event.target.matches("[data-attach]")) return;
    this.#attach([...event.target.files]);
    // The same file may be chosen again after it was removed.
    event.target.value = "";
  }

  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    // Some programs put a picture beside the text that was meant.
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    this.#attach(files);
  }

  /** Files may be dropped anywhere on the page; the field shows where they go. */
  #dragged(event) {
    if (!this.tray || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const leaves = event.type === "dragleave" && event.relatedTarget === null;
    this.toggleAttribute("data-dropping", event.type !== "drop" && !leaves);
    if (event.type === "drop") this.#attach([...event.dataTransfer.files]);
  }

  #clicked(event) {
    if (event.target.closest("[data-stop]")) this.dispatchEvent(new CustomEvent("composer-stop", { bubbles: true }));
    if (event.target.closest("[data-review]")) this.dispatchEvent(new CustomEvent("composer-review", { bubbles: true }));
  }
}

customElements.define("message-composer", MessageComposer);
