// What one person wants to be told: each choice is saved as it is made.
import * as api from "../lib/api.js";
import { isOn, isPossible, isRefused, turnOff, turnOn } from "../lib/notifying.js";
import { fill, show } from "../lib/slots.js";

const WORDS = {
  on: "Notifications are on in this browser.",
  off: "Notifications are off in this browser.",
  impossible: "This browser cannot show notifications.",
  refused: "You have refused notifications of this site; the settings of the browser can allow them again.",
};

class NotificationSettings extends HTMLElement {
  #isImpossible = false;
  #onChange = (event) => this.#save(event.target);
  #onClick = (event) => event.target.closest("[data-browser]") && this.#switch();

  connectedCallback() {
    this.addEventListener("change", this.#onChange);
    this.addEventListener("click", this.#onClick);
    this.#draw();
  }

  disconnectedCallback() {
    this.removeEventListener("change", this.#onChange);
    this.removeEventListener("click", this.#onClick);
  }

  #draw() {
    const button = this.querySelector("[data-browser]");
    const mayAsk = isPossible() && !this.#isImpossible;
    show(button, mayAsk && !isRefused());
    button.textContent = isOn() ? "Show none here" : "Show notifications here";
    if (this.#isImpossible) fill(this, { "browser-state": WORDS.impossible });
    else if (mayAsk) fill(this, { "browser-state": isRefused() ? WORDS.refused : WORDS[isOn() ? "on" : "off"] });
  }

  async #switch() {
    if (isOn()) turnOff();
    else await turnOn().catch(() => (this.#isImpossible = true));
    this.#draw();
  }

  async #save(box) {
    const wrong = this.querySelector("[data-error]");
    show(wrong, false);
    fill(this, { saved: "" });
    try {
      await api.patch("/api/me/notifications", { [box.name]: box.checked });
      fill(this, { saved: "Saved." });
    } catch (error) {
      box.checked = !box.checked;
      wrong.textContent = error.message;
      show(wrong, true);
    }
  }
}

customElements.define("notification-settings", NotificationSettings);
