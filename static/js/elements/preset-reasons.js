// The ready-made reasons of a question: one writes itself into the field of the form, to be sent or changed.
class PresetReasons extends HTMLElement {
  #onClick = (event) => this.#chosen(event.target.closest("button"));

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }

  #chosen(button) {
    if (!button) return;
    const field = this.closest("form").elements.comment;
    field.value = button.textContent;
    field.focus();
  }
}

customElements.define("preset-reasons", PresetReasons);
