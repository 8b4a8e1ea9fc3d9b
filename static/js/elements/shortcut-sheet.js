// Keys that work anywhere on the page, and the sheet that lists them.
import { isPlain, isTyping } from "../lib/keys.js";

class ShortcutSheet extends HTMLElement {
  #commands = {
    "?": () => this.#dialog.showModal(),
    "/": () => focusSearch(),
    c: () => document.querySelector("message-composer")?.focusText(),
    i: () => location.assign("/inbox/"),
    r: () => document.dispatchEvent(new CustomEvent("composer-review")),
  };
  #onKey = (event) => this.#pressed(event);
  #onClick = (event) => this.#clicked(event);

  connectedCallback() {
    document.addEventListener("keydown", this.#onKey);
    document.addEventListener("click", this.#onClick);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#onKey);
    document.removeEventListener("click", this.#onClick);
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  #pressed(event) {
    if (isTyping(event) || !isPlain(event) || document.querySelector("dialog[open]")) return;
    const command = this.#commands[event.key];
    if (!command) return;
    event.preventDefault();
    command();
  }

  #clicked(event) {
    if (event.target.closest("[data-shortcuts]")) this.#dialog.showModal();
    if (this.contains(event.target) && event.target.closest("[data-dialog-close]")) this.#dialog.close();
  }
}

function focusSearch() {
  const field = document.querySelector(".conversations__query");
  const drawer = document.querySelector("side-drawer");
  if (field?.checkVisibility({ visibilityProperty: true }) === false) drawer?.open();
  field?.focus();
}

customElements.define("shortcut-sheet", ShortcutSheet);
