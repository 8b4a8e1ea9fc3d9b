// The switch between light and dark.
import { say } from "../lib/announcer.js";
import { isDark, switchTheme } from "../lib/theme.js";

class ThemeToggle extends HTMLElement {
  #onClick = () => {
    switchTheme();
    say(isDark() ? "Dark" : "Light");
  };

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
  }
}

customElements.define("theme-toggle", ThemeToggle);
