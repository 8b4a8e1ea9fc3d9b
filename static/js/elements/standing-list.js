// What is allowed from now on, with a button to take each back.
import { alarm, say } from "../lib/announcer.js";
import * as api from "../lib/api.js";

class StandingList extends HTMLElement {
  #onClick = (event) => {
    const button = event.target.closest("[data-revoke]");
    if (button) this.#revoke(button);
  };

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }

  async #revoke(button) {
    const row = button.closest("[data-row]");
    button.disabled = true;
    try {
      const now = await api.post(`/api/standing-approvals/${row.dataset.row}/revocation`);
      row.dataset.state = now.state;
      row.querySelector('[data-slot="state"]').textContent = `${now.state_text} by ${now.revoked_by}`;
      button.remove();
      say("Taken back. From now on you are asked again.");
    } catch (error) {
      this.#complain(row, error);
      button.disabled = false;
    }
  }

  #complain(row, error) {
    const place = row.querySelector("[data-error]");
    place.textContent = error.status === 409 ? "It was taken back already. Reload the page to see by whom." : error.message;
    place.hidden = false;
    alarm(place.textContent);
  }
}

customElements.define("standing-list", StandingList);
