// The list of conversations slides over the page where there is no room beside it.
class SideDrawer extends HTMLElement {
  #opener = null;
  #onClick = (event) => this.#clicked(event);
  #onKey = (event) => {
    if (event.key === "Escape" && this.isOpen) this.close();
  };

  connectedCallback() {
    document.addEventListener("click", this.#onClick);
    document.addEventListener("keydown", this.#onKey);
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.#onClick);
    document.removeEventListener("keydown", this.#onKey);
  }

  get isOpen() {
    return this.hasAttribute("data-open");
  }

  open(opener = null) {
    this.#opener = opener;
    this.toggleAttribute("data-open", true);
    this.#settle();
    this.querySelector("[data-drawer-close]:not(.sidebar__scrim)").focus();
  }

  close() {
    this.toggleAttribute("data-open", false);
    this.#settle();
    this.#opener?.focus();
    this.#opener = null;
  }

  #settle() {
    const main = document.getElementById("main");
    if (main) main.inert = this.isOpen;
    this.#opener?.setAttribute("aria-expanded", String(this.isOpen));
  }

  #clicked(event) {
    const opener = event.target.closest("[data-drawer-open]");
    if (opener?.dataset.drawerOpen === this.id) this.open(opener);
    else if (this.contains(event.target) && event.target.closest("[data-drawer-close]")) this.close();
  }
}

customElements.define("side-drawer", SideDrawer);
