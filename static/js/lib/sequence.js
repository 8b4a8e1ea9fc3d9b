// Puts numbered events in order: what comes early waits, what is already known is dropped. One step may be told by
// several events of the same number; the newest number is let through again, since showing twice does no harm.
export class Sequence {
  #cursor;
  #early = new Map();

  constructor(cursor = 0) {
    this.#cursor = cursor;
  }

  get cursor() {
    return this.#cursor;
  }

  get hasGap() {
    return this.#early.size > 0;
  }

  /** Take one event in; returns those whose turn it now is. */
  offer(event) {
    if (event.seq < this.#cursor) return [];
    if (event.seq === this.#cursor) return [event];
    this.#early.set(event.seq, [...(this.#early.get(event.seq) ?? []), event]);
    return this.#due();
  }

  /** A snapshot knows everything up to its cursor; returns the waiting events that follow it directly. */
  jumpTo(cursor) {
    this.#cursor = Math.max(this.#cursor, cursor);
    for (const seq of this.#early.keys()) if (seq <= this.#cursor) this.#early.delete(seq);
    return this.#due();
  }

  #due() {
    const due = [];
    while (this.#early.has(this.#cursor + 1)) {
      this.#cursor += 1;
      due.push(...this.#early.get(this.#cursor));
      this.#early.delete(this.#cursor);
    }
    return due;
  }
}
