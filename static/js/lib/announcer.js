// Speaks to screen readers: single sentences politely, questions at once, streamed text sentence by sentence.
const PAUSE = 1_200;

export function say(text) {
  write("announcer", text);
}

export function alarm(text) {
  write("alarm", text);
}

function write(id, text) {
  const region = document.getElementById(id);
  if (!region) return;
  region.textContent = "";
  // An identical text is only spoken again when the region was empty in between.
  requestAnimationFrame(() => (region.textContent = text));
}

export class SentenceSpeaker {
  #waiting = "";
  #timer = null;

  add(piece) {
    this.#waiting += piece;
    this.#timer ??= setTimeout(() => this.#speak(), PAUSE);
  }

  finish() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.trim()) say(this.#waiting.trim());
    this.#waiting = "";
  }

  #speak() {
    this.#timer = null;
    const end = Math.max(...[". ", "! ", "? ", "\n"].map((mark) => this.#waiting.lastIndexOf(mark))) + 1;
    if (end === 0) return;
    say(this.#waiting.slice(0, end).trim());
    this.#waiting = this.#waiting.slice(end);
  }
}
