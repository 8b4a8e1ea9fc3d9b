// One answer as it grows. Pieces know where they begin, so repeats and swapped arrivals do no harm.
export class TextStream {
  #text = "";
  #early = [];

  get text() {
    return this.#text;
  }

  /** True while a piece has arrived whose predecessor has not. */
  get hasGap() {
    return this.#early.length > 0;
  }

  /** Take a piece in; offsets count UTF-16 units. Returns what the text has gained. */
  add({ offset, text }) {
    const before = this.#text.length;
    this.#join({ offset, text });
    this.#early.sort((one, other) => one.offset - other.offset);
    while (this.#early.length > 0 && this.#early[0].offset <= this.#text.length) this.#join(this.#early.shift());
    return this.#text.slice(before);
  }

  /** A remembered text: it wins when longer; what is known beyond it stays. */
  catchUp(text) {
    if (text.length > this.#text.length) {
      this.#text = text;
      this.add({ offset: text.length, text: "" });
    }
  }

  #join({ offset, text }) {
    if (offset > this.#text.length) this.#early.push({ offset, text });
    else this.#text += text.slice(this.#text.length - offset);
  }
}
