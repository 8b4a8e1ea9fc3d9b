// The list at the left: search as you type, archive, rename, delete, arrow keys.
import { say } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { ask } from "../lib/dialogs.js";
import { step } from "../lib/keys.js";
import { clone, fill, show } from "../lib/slots.js";

const SEARCH_PAUSE = 180;

class ConversationList extends HTMLElement {
  #timer = null;
  #latest = 0;
  #actions = {
    rename: (row) => this.#rename(row),
    archive: (row) => this.#archive(row),
    delete: (row) => this.#delete(row),
  };
  #onInput = () => this.#searchSoon();
  #onSubmit = (event) => this.#submitted(event);
  #onClick = (event) => this.#clicked(event);
  #onKey = (event) => this.#pressed(event);
  #onElsewhere = (event) => this.#closeMenus(event.target);
  #onToggle = (event) => event.target.open && event.target.lastElementChild.scrollIntoView({ block: "nearest" });
  #onChanged = (event) => this.#changed(event.detail);

  connectedCallback() {
    this.addEventListener("input", this.#onInput);
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("toggle", this.#onToggle, { capture: true });
    document.addEventListener("click", this.#onElsewhere);
    document.addEventListener("conversation-changed", this.#onChanged);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.removeEventListener("input", this.#onInput);
    this.removeEventListener("submit", this.#onSubmit);
    this.removeEventListener("click", this.#onClick);
    this.removeEventListener("keydown", this.#onKey);
    this.removeEventListener("toggle", this.#onToggle, { capture: true });
    document.removeEventListener("click", this.#onElsewhere);
    document.removeEventListener("conversation-changed", this.#onChanged);
  }

  get #isArchive() {
    return this.dataset.archived === "true";
  }

  get #query() {
    return this.querySelector(".conversations__query");
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), SEARCH_PAUSE);
  }

  #submitted(event) {
    event.preventDefault();
    this.#load();
  }

  async #load() {
    clearTimeout(this.#timer);
    const turn = ++this.#latest;
    const query = new URLSearchParams({ search: this.#query.value.trim(), archived: String(this.#isArchive) });
    await this.#attempt(async () => {
      const answer = await api.get(`/api/conversations?${query}`);
      // A slow answer to an older question must not replace the newer one.
      if (turn === this.#latest) this.#show(answer.results ?? answer);
    });
  }

  #show(conversations) {
    this.querySelector("[data-rows]").replaceChildren(...conversations.map((item) => this.#row(item)));
    this.#noteEmptiness();
    say(`${conversations.length} conversations`);
  }

  #row(conversation) {
    const row = clone("conversation-template");
    const isCurrent = conversation.id === this.dataset.current;
    row.toggleAttribute("data-current", isCurrent);
    if (isCurrent) row.querySelector("a").setAttribute("aria-current", "page");
    writeRow(row, conversation);
    return row;
  }

  #noteEmptiness() {
    const empty = this.querySelector("[data-empty]");
    empty.hidden = this.querySelector(".conversation") !== null;
    if (this.#query.value) empty.textContent = "Nothing found.";
    else empty.textContent = this.#isArchive ? "Nothing is archived." : "Your conversations will be kept here.";
  }

  #clicked(event) {
    const toggle = event.target.closest("[data-archive-toggle]");
    const button = event.target.closest("[data-action]");
    if (toggle) this.#switchArchive(event);
    if (button) {
      const row = button.closest(".conversation");
      button.closest("details").open = false;
      this.#actions[button.dataset.action](row);
    }
  }

  #switchArchive(event) {
    event.preventDefault();
    this.dataset.archived = String(!this.#isArchive);
    fill(this, { "archive-label": this.#isArchive ? "Back to current conversations" : "Show archived" });
    this.#load();
  }

  #pressed(event) {
    const open = this.querySelector("details[open]");
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      open.open = false;
      open.querySelector("summary").focus();
    }
    const direction = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!direction) return;
    const items = open ? [...open.querySelectorAll("[data-action]")] : [this.#query, ...this.querySelectorAll(".conversation__link")];
    if (step(items, direction)) event.preventDefault();
  }

  #closeMenus(target) {
    for (const menu of this.querySelectorAll("details[open]")) if (!menu.contains(target)) menu.open = false;
  }

  async #rename(row) {
    const before = row.querySelector(".conversation__title").textContent;
    const form = await ask("rename-template", { values: { title: before } });
    const title = form?.get("title").trim();
    if (!title || title === before) return;
    await this.#attempt(async () => this.#announce(await api.patch(addressOf(row), { title })));
  }

  async #archive(row) {
    await this.#attempt(async () => {
      await api.patch(addressOf(row), { archived: !this.#isArchive });
      this.#drop(row, this.#isArchive ? "Restored" : "Archived");
    });
  }

  async #delete(row) {
    const title = row.querySelector(".conversation__title").textContent;
    if (!(await ask("delete-template", { slots: { "delete-name": title } }))) return;
    await this.#attempt(async () => {
      await api.remove(addressOf(row));
      this.#drop(row, "Deleted");
      if (row.dataset.conversation === this.dataset.current) location.assign("/");
    });
  }

  #drop(row, word) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#noteEmptiness();
    (next?.querySelector("a") ?? this.#query).focus();
    say(word);
  }

  #announce(conversation) {
    document.dispatchEvent(new CustomEvent("conversation-changed", { detail: conversation }));
  }

  #changed(conversation) {
    const row = this.querySelector(`[data-conversation="${CSS.escape(conversation.id)}"]`);
    if (row) writeRow(row, conversation);
  }

  async #attempt(work) {
    const place = this.querySelector("[data-error]");
    show(place, false);
    try {
      await work();
    } catch (error) {
      place.textContent = error.message;
      show(place, true);
    }
  }
}

function writeRow(row, conversation) {
  const { persona } = conversation;
  row.dataset.conversation = conversation.id;
  row.querySelector("a").href = conversation.url;
  row.querySelector("relative-time").setAttribute("datetime", conversation.updated_at);
  const isImage = persona.avatar.kind === "image";
  row.querySelector("persona-avatar").dataset.color = persona.avatar_color;
  fill(row, {
    "conversation-title": conversation.title,
    "conversation-persona": persona.display_name,
    "avatar-sign": isImage ? persona.display_name.slice(0, 1) : persona.avatar.value,
  });
}

function addressOf(row) {
  return `/api/conversations/${row.dataset.conversation}`;
}

customElements.define("conversation-list", ConversationList);
