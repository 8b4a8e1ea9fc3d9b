// What the conversation has used, and how full its budgets are: one line in the bar that opens to the details.
import { clone, fill, show } from "../lib/slots.js";

const HIGH = 80;

class UsageGauge extends HTMLElement {
  #onClick = (event) => {
    if (!this.contains(event.target)) this.#fold.open = false;
  };
  #onKey = (event) => {
    if (event.key !== "Escape" || !this.#fold.open) return;
    // One Escape closes this, and does not stop the answer as well.
    event.preventDefault();
    this.#fold.open = false;
    this.querySelector("summary").focus();
  };

  connectedCallback() {
    document.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.#writeTimes();
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.#onClick);
    this.removeEventListener("keydown", this.#onKey);
  }

  show(usage) {
    const number = (count) => count.toLocaleString();
    fill(this, {
      "gauge-tokens": usage.tokens_text,
      "gauge-cost": usage.cost,
      "gauge-sum": usage.cost,
      "gauge-input": number(usage.input_tokens),
      "gauge-output": number(usage.output_tokens),
      "gauge-cached": number(usage.cached_tokens),
      "gauge-unpriced": number(usage.unpriced_tokens),
      "gauge-context": `${number(usage.context_tokens)} of ${number(usage.context_limit)} tokens`,
    });
    show(this.querySelector("[data-unpriced]"), usage.unpriced_tokens > 0);
    const context = this.querySelector("[data-context]");
    context.max = usage.context_limit;
    context.value = usage.context_tokens;
    this.#showBudgets(usage.budgets);
  }

  get #fold() {
    return this.querySelector("details");
  }

  #showBudgets(budgets) {
    const fullest = Math.max(0, ...budgets.map((budget) => budget.percent));
    const bar = this.querySelector(".gauge__bar");
    bar.value = fullest;
    show(bar, budgets.length > 0);
    this.dataset.level = fullest >= 100 ? "full" : fullest >= HIGH ? "high" : "";
    this.querySelector("[data-budgets]").replaceChildren(...budgets.map((budget) => this.#row(budget)));
    this.#writeTimes();
  }

  #row(budget) {
    const row = clone("budget-template");
    fill(row, { "budget-label": budget.label, "budget-amount": budget.amount });
    row.querySelector("progress").value = budget.percent;
    row.querySelector("[data-renews]").dateTime = budget.renews_at;
    return row;
  }

  #writeTimes() {
    const form = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    for (const time of this.querySelectorAll("[data-renews]")) {
      if (time.dateTime) time.textContent = new Date(time.dateTime).toLocaleString(undefined, form);
    }
  }
}

customElements.define("usage-gauge", UsageGauge);
