// What may be done about a question instead of a yes or a no: change the arguments, answer in the place of the tool,
// withdraw it. The server judges all of it; the digest says what was seen.
import { alarm, say } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { clone, fill, show } from "../lib/slots.js";

let fields = 0;

export class ApprovalInstead extends HTMLElement {
  #question = {};
  #drawn = "";
  #onClick = (event) => this.#clicked(event);
  #onSubmit = (event) => {
    // The card around it would take this for an answer to its own question.
    event.stopPropagation();
    event.preventDefault();
    if (event.target.dataset.panel === "edit") this.#edit();
    else this.#respond(event.target.elements.text.value);
  };
  #onChange = (event) => {
    if (event.target.matches("[data-absent]")) this.#add(event.target);
  };

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("change", this.#onChange);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
    this.removeEventListener("submit", this.#onSubmit);
    this.removeEventListener("change", this.#onChange);
  }

  /** News for everybody do not say what this person may do: what is known of that stays. */
  show(approval) {
    const isNews = approval.editable === undefined && this.#question.id === approval.id;
    this.#question = isNews ? { ...this.#question, ...approval } : approval;
    const isOpen = approval.status === "pending";
    const mayChange = isOpen && Boolean(this.#question.editable && this.#question.may_decide);
    for (const button of this.querySelectorAll("[data-open]")) show(button, mayChange);
    show(this.querySelector("[data-withdraw]"), Boolean(this.#question.may_withdraw) && (isOpen || approval.status === "approved"));
    if (!mayChange) this.#open("");
  }

  get #card() {
    return this.closest("approval-card");
  }

  #clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.open) this.#open(button.dataset.open);
    if (button.matches("[data-close]")) this.#close(button.closest("[data-panel]").dataset.panel);
    if (button.matches("[data-leave-out]")) this.#leaveOut(button.closest("[data-field]"));
    if (button.matches("[data-withdraw]")) this.#withdraw(button);
  }

  /** It cannot be undone and lies beside other buttons: the second click does it. */
  #withdraw(button) {
    if (button.toggleAttribute("data-sure")) {
      button.textContent = "Yes, withdraw it for good";
      button.addEventListener("blur", () => calm(button), { once: true });
    } else {
      calm(button);
      this.#send("withdrawal", {}, "Withdrawn");
    }
  }

  #open(name) {
    for (const panel of this.querySelectorAll("[data-panel]")) show(panel, panel.dataset.panel === name);
    this.#card.changing = name;
    this.#complain("");
    if (name === "edit") this.#draw();
    if (name) this.querySelector(`[data-panel="${name}"] textarea`)?.focus();
  }

  /** Back to the question, as the buttons for it do. What was written stays until it is sent. */
  stepBack() {
    this.#close(this.#card.dataset.changing);
  }

  #close(name) {
    this.#open("");
    this.querySelector(`[data-open="${name}"]`).focus();
  }

  #draw() {
    // What a person has begun to write is never drawn over.
    if (this.#drawn === this.#question.digest) return;
    this.#drawn = this.#question.digest;
    const given = Object.entries(this.#question.arguments ?? {});
    this.querySelector("[data-fields]").replaceChildren(...given.map(([name, value]) => drawn(name, value)));
    this.#offer((this.#question.absent ?? []).map((each) => each));
  }

  #offer(absent) {
    const select = this.querySelector("[data-absent]");
    const options = absent.map(({ name, is_text: isText }) => Object.assign(new Option(name, name), { isText }));
    select.replaceChildren(new Option("Choose…", ""), ...options);
    show(this.querySelector("[data-add]"), absent.length > 0);
  }

  #add(select) {
    const [option] = select.selectedOptions;
    if (!option.value) return;
    const field = drawn(option.value, option.isText ? "" : undefined);
    this.querySelector("[data-fields]").append(field);
    option.remove();
    select.value = "";
    field.querySelector("textarea").focus();
  }

  #leaveOut(field) {
    const isOut = field.toggleAttribute("data-out");
    field.querySelector("textarea").disabled = isOut;
    field.querySelector("[data-leave-out]").textContent = isOut ? "Keep" : "Leave out";
  }

  #edit() {
    const given = {};
    this.#complain("");
    for (const field of this.querySelectorAll("[data-field]:not([data-out])")) {
      const read = value(field);
      complainAt(field, read === undefined ? "This is not a text but JSON: a number, true, false, null, a list or an object." : "");
      if (read === undefined) return;
      given[field.dataset.field] = read;
    }
    this.#send("edit", { digest: this.#question.digest, arguments: given, comment: this.#card.comment }, "Asked with what you changed");
  }

  #respond(text) {
    if (!text.trim()) {
      this.#complain("Write an answer first.");
      this.querySelector('[data-panel="respond"] textarea').focus();
      return;
    }
    this.#send("response", { digest: this.#question.digest, text }, "Answered in its place");
  }

  async #send(where, body, said) {
    this.#busy(true);
    this.#complain("");
    try {
      const told = await api.post(`/api/approvals/${this.#question.id}/${where}`, body);
      say(said);
      if (told.id === this.#question.id) this.#card.show(told);
      // Another question may have taken the place of this one: whoever shows them looks afresh.
      this.dispatchEvent(new CustomEvent("approval-stale", { bubbles: true, detail: told }));
    } catch (error) {
      const fresh = error.details.approval;
      if (fresh) this.#card.show(fresh);
      if (error.status === 409) this.dispatchEvent(new CustomEvent("approval-stale", { bubbles: true }));
      this.#complain(error.details.fields?.text ?? error.message);
      alarm(error.message);
    } finally {
      this.#busy(false);
    }
  }

  #busy(isBusy) {
    for (const button of this.querySelectorAll("button")) button.disabled = isBusy;
  }

  #complain(sentence) {
    show(this.querySelector("[data-instead-error]"), sentence !== "");
    fill(this, { "instead-error": sentence });
  }
}

function calm(button) {
  button.removeAttribute("data-sure");
  button.textContent = "Withdraw it";
}

// A text is edited as it is, anything else as JSON.
function drawn(name, given) {
  const row = clone("instead-field-template");
  const isText = typeof given === "string";
  fields += 1;
  row.dataset.field = name;
  row.toggleAttribute("data-json", !isText);
  const area = row.querySelector("textarea");
  area.id = `instead-${fields}`;
  area.value = isText ? given : given === undefined ? "" : JSON.stringify(given, null, 2);
  row.querySelector("label").htmlFor = area.id;
  fill(row, { "instead-name": name, "instead-kind": isText ? "" : "JSON" });
  return row;
}

function value(field) {
  const text = field.querySelector("textarea").value;
  if (!field.hasAttribute("data-json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function complainAt(field, sentence) {
  const area = field.querySelector("textarea");
  fill(field, { "field-error": sentence });
  show(field.querySelector('[data-slot="field-error"]'), sentence !== "");
  if (sentence) area.setAttribute("aria-invalid", "true");
  else area.removeAttribute("aria-invalid");
  if (sentence) area.focus();
}

customElements.define("approval-instead", ApprovalInstead);
