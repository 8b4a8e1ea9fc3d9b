// The files that go with the next message: sent to the server at once where there is a conversation, else once there is.
import * as api from "../lib/api.js";
import { bytes } from "../lib/format.js";
import { clone, fill, show } from "../lib/slots.js";

class FileTray extends HTMLElement {
  // By chip: the file of this browser (if it came from here), what the server knows of it, and its upload.
  #entries = new Map();
  #conversation = null;
  #onClick = (event) => this.#clicked(event);

  connectedCallback() {
    this.#conversation = this.dataset.conversation || null;
    for (const chip of this.querySelectorAll("[data-file]")) {
      this.#entries.set(chip, { item: { ...chip.dataset, id: chip.dataset.file, size: Number(chip.dataset.size) } });
    }
    this.addEventListener("click", this.#onClick);
    this.#changed();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }

  get isEmpty() {
    return this.#entries.size === 0;
  }

  get isBusy() {
    return this.#all.some((entry) => entry.upload);
  }

  /** Why a file is not there, in words; "" where all are. */
  get complaint() {
    return this.#all.map((entry) => entry.problem).find(Boolean) ?? "";
  }

  /** A conversation there is now: what waits is sent to it, and what went to another one is sent again. */
  set conversation(id) {
    const isAnother = this.#conversation !== id;
    this.#conversation = id;
    for (const [chip, entry] of this.#entries) {
      if (entry.file && (isAnother || !entry.item)) this.#upload(chip, entry);
    }
  }

  add(files) {
    for (const file of files) {
      const entry = { file };
      const chip = this.#put(file, entry);
      const limit = Number(this.dataset.limit) * 2 ** 20;
      if (file.size > limit) this.#fail(chip, entry, `${file.name} is larger than ${this.dataset.limit} MB.`);
      else if (this.#conversation) this.#upload(chip, entry);
    }
    this.#changed();
  }

  async finished() {
    await Promise.allSettled(this.#all.map((entry) => entry.upload));
  }

  /** Hand over what is there, since it goes with a message now. */
  take() {
    const taken = [...this.#entries].filter(([, entry]) => entry.item);
    for (const [chip] of taken) this.#drop(chip);
    return taken.map(([, entry]) => entry.item);
  }

  /** Take back what was handed over for a message that could not be sent. */
  give(items) {
    for (const item of items) this.#put(item, { item });
    this.#changed();
  }

  get #all() {
    return [...this.#entries.values()];
  }

  #put({ name, size }, entry) {
    const chip = clone("tray-file-template");
    fill(chip, { "file-name": name, "file-size": bytes(size) });
    chip.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${name}`);
    this.#entries.set(chip, entry);
    this.querySelector("ul").append(chip);
    return chip;
  }

  async #upload(chip, entry) {
    const bar = chip.querySelector("progress");
    const sending = api.upload(`/api/conversations/${this.#conversation}/attachments`, entry.file, (part) => (bar.value = part));
    Object.assign(entry, { item: null, problem: "", upload: sending.done, stop: sending.stop });
    chip.removeAttribute("data-failed");
    show(bar, true);
    this.#changed();
    try {
      entry.item = await sending.done;
      // Removed while its last bytes were on their way.
      if (!this.#entries.has(chip)) await this.#withdraw(entry.item);
      fill(chip, { "file-name": entry.item.name, "file-size": bytes(entry.item.size) });
    } catch (error) {
      if (this.#entries.has(chip)) this.#fail(chip, entry, `${entry.file.name}: ${error.message}`);
    } finally {
      entry.upload = null;
      show(bar, false);
      this.#changed();
    }
  }

  #fail(chip, entry, problem) {
    entry.problem = problem;
    chip.toggleAttribute("data-failed", true);
    chip.title = problem;
    this.dispatchEvent(new CustomEvent("command-failed", { bubbles: true, detail: { message: problem } }));
  }

  #clicked(event) {
    const chip = event.target.closest("[data-remove]")?.closest("li");
    if (chip) this.#remove(chip);
  }

  async #remove(chip) {
    const { item, stop } = this.#entries.get(chip);
    stop?.();
    this.#drop(chip);
    if (!item) return;
    try {
      await this.#withdraw(item);
    } catch (error) {
      // Gone already is as good as removed.
      if (error.status === 404) return;
      this.give([item]);
      this.dispatchEvent(new CustomEvent("command-failed", { bubbles: true, detail: { message: error.message } }));
    }
  }

  #withdraw(item) {
    return api.remove(`/api/conversations/${this.#conversation}/attachments/${item.id}`);
  }

  #drop(chip) {
    this.#entries.delete(chip);
    chip.remove();
    this.#changed();
  }

  #changed() {
    show(this, !this.isEmpty);
    this.dispatchEvent(new CustomEvent("tray-changed", { bubbles: true }));
  }
}

customElements.define("file-tray", FileTray);
