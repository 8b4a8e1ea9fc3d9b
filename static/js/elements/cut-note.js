// Says how much of a long value lies below what is shown of it, as long as it does: nothing is cut unsaid.
export class CutNote extends HTMLElement {
  #watch = new ResizeObserver(() => this.#write());
  #onScroll = () => this.#write();

  connectedCallback() {
    this.#value.addEventListener("scroll", this.#onScroll, { passive: true });
    this.#watch.observe(this.#value);
  }

  disconnectedCallback() {
    this.#watch.disconnect();
    this.#value?.removeEventListener("scroll", this.#onScroll);
  }

  get #value() {
    return this.parentElement?.querySelector("pre");
  }

  #write() {
    const { scrollHeight, scrollTop, clientHeight } = this.#value;
    const below = scrollHeight - scrollTop - clientHeight;
    const lines = Math.round(below / parseFloat(getComputedStyle(this.#value).lineHeight));
    this.hidden = lines < 1;
    this.textContent = `${lines} more ${lines === 1 ? "line" : "lines"} below`;
  }
}

customElements.define("cut-note", CutNote);
