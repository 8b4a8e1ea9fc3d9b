// Rendered Markdown: gives code a bar with its language and a copy button, and wide tables a scroller.
import { say } from "../lib/announcer.js";
import { clone, fill } from "../lib/slots.js";
import { placeSanitised } from "../lib/trusted.js";

class RichText extends HTMLElement {
  #onClick = (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) this.#copy(button);
  };

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
    this.#equip();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }

  /** Show HTML that the server has sanitised. */
  show(html) {
    placeSanitised(this, html);
    this.#equip();
  }

  #equip() {
    for (const code of this.querySelectorAll("pre:not(.code__text)")) wrapCode(code);
    for (const table of this.querySelectorAll("table:not(.table-scroll table)")) wrapTable(table);
  }

  async #copy(button) {
    const text = button.closest(".code").querySelector("pre").textContent;
    const isCopied = await copyText(text);
    fill(button, { "copy-label": isCopied ? "Copied" : "Press Ctrl+C" });
    say(isCopied ? "Code copied" : "Copying was refused by the browser");
    setTimeout(() => fill(button, { "copy-label": "Copy" }), 1_600);
  }
}

function wrapCode(code) {
  const frame = document.createElement("div");
  const tools = clone("code-tools-template");
  frame.className = "code";
  fill(tools, { "code-language": code.dataset.language ?? "" });
  code.replaceWith(frame);
  code.classList.add("code__text");
  code.tabIndex = 0;
  frame.append(tools, code);
}

function wrapTable(table) {
  const frame = document.createElement("div");
  frame.className = "table-scroll";
  frame.tabIndex = 0;
  table.replaceWith(frame);
  frame.append(table);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

customElements.define("rich-text", RichText);
