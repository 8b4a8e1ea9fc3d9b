// The round-cornered sign of a persona. An image that does not load gives way to the first letter of its name.
import { paint } from "../lib/colors.js";

class PersonaAvatar extends HTMLElement {
  static observedAttributes = ["data-color"];

  #onError = (event) => this.#replace(event.target);

  connectedCallback() {
    paint(this);
    this.addEventListener("error", this.#onError, { capture: true });
  }

  disconnectedCallback() {
    this.removeEventListener("error", this.#onError, { capture: true });
  }

  attributeChangedCallback() {
    paint(this);
  }

  #replace(image) {
    const sign = document.createElement("span");
    sign.className = "avatar__sign";
    sign.textContent = image.alt.slice(0, 1);
    sign.setAttribute("aria-hidden", "true");
    image.replaceWith(sign);
  }
}

customElements.define("persona-avatar", PersonaAvatar);
