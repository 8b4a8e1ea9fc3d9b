// The list of operations of an import: find them, tick them by the dozen, send them as one field.
const BOXES = ["add", "update", "remove", "overwrite"];

class ApiPlan extends HTMLElement {
  #rows = [];

  connectedCallback() {
    this.#rows = [...this.querySelectorAll("[data-row]")].map((row) => ({
      row,
      box: row.querySelector(".api__box"),
      text: row.textContent.toLowerCase(),
      tags: row.dataset.tags.split("|"),
      method: row.dataset.method,
    }));
    for (const hidden of this.querySelectorAll("[data-filters], [data-all]")) hidden.hidden = false;
    this.addEventListener("input", this.#changed);
    this.addEventListener("click", this.#clicked);
    this.addEventListener("formdata", this.#packed);
    this.#count();
  }

  disconnectedCallback() {
    this.removeEventListener("input", this.#changed);
    this.removeEventListener("click", this.#clicked);
    this.removeEventListener("formdata", this.#packed);
  }

  #changed = (event) => {
    if (event.target.closest("[data-filters]")) this.#filter();
    else if (event.target.matches(".api__box")) this.#count();
  };

  #clicked = (event) => {
    const button = event.target.closest("[data-tick], [data-untick]");
    if (!button) return;
    const section = button.closest("[data-section]");
    for (const { row, box } of this.#rows) {
      if (box && !box.disabled && !row.hidden && section.contains(row)) box.checked = "tick" in button.dataset;
    }
    this.#count();
  };

  #filter() {
    const words = this.querySelector("[data-search]").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tag = this.querySelector("[data-tag]").value;
    const method = this.querySelector("select[data-method]").value;
    const chosen = this.querySelector("[data-chosen]").checked;
    for (const each of this.#rows) {
      const fits = words.every((word) => each.text.includes(word)) && (!tag || each.tags.includes(tag));
      each.row.hidden = !(fits && (!method || each.method === method) && (!chosen || each.box?.checked));
    }
    for (const section of this.querySelectorAll("[data-section]")) {
      section.querySelector("[data-shown]").textContent = section.querySelectorAll("[data-row]:not([hidden])").length;
    }
  }

  #count() {
    const number = this.#rows.filter(({ box }) => box?.checked).length;
    this.querySelector("[data-count]").textContent = number === 1 ? "1 operation is ticked." : `${number} operations are ticked.`;
  }

  // A form may have so many fields only, and an API has more operations than that.
  #packed = (event) => {
    const packed = {};
    for (const name of BOXES) {
      packed[name] = event.formData.getAll(name);
      event.formData.delete(name);
    }
    event.formData.set("packed", JSON.stringify(packed));
  };
}

customElements.define("api-plan", ApiPlan);
