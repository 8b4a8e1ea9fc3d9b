// Trying a tool out: what would happen if a persona used it, or a real use through the same gate, watched to its end.
import { ApiError, get, post, remove } from "../lib/api.js";
import { button, choice, make } from "../lib/build.js";
import { foretold, sketch, wrongIn } from "../lib/foretold.js";
import { isObject } from "../lib/json-path.js";
import { write } from "../lib/json-text.js";
import { tool } from "../lib/typed.js";

const SOON = 500;
const LATER = 2_000;
const STATES = {
  waiting: "Waits for approval",
  queued: "Waits for a worker",
  running: "Running",
  succeeded: "Done",
  failed: "Failed",
  denied: "Denied",
  expired: "Nobody decided in time",
  blocked: "Refused",
  cancelled: "Withdrawn",
};

export class ToolTry extends HTMLElement {
  #persona = null;
  #person = null;
  #arguments = make("textarea", { name: "", rows: 4, spellcheck: false, id: "try-arguments", className: "made-control" });
  #really = button("Really use it", () => this.#run({ dry: false }), { className: "made-button" });
  #said = make("div", { className: "try__said", "aria-live": "polite" });
  #outcome = make("div", { className: "try__outcome" });
  #timer = 0;
  #turn = 0;
  #form = document.getElementById("tool_form");
  #limited = make("span", { className: "made-help", role: "status" });
  // The form as it came. One that comes back with mistakes holds what was typed, and nothing of it is saved.
  #saved = {};
  #onTyped = () => this.#limit();

  async connectedCallback() {
    if (this.#persona) return;
    for (const name of TYPED) this.#form?.addEventListener(name, this.#onTyped);
    await Promise.all(["tool-bench", "json-editor"].map((name) => customElements.whenDefined(name)));
    if (!("mistaken" in this.dataset)) this.#saved = typed() ?? {};
    try {
      this.#draw(await get(`/api/tools/${this.dataset.tool}/try`));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.replaceChildren(make("p", { className: "made-help" }, error.message));
    }
  }

  disconnectedCallback() {
    for (const name of TYPED) this.#form?.removeEventListener(name, this.#onTyped);
    clearTimeout(this.#timer);
    this.#turn += 1;
  }

  #draw({ personas, people }) {
    document.dispatchEvent(new CustomEvent("tool-personas", { detail: personas }));
    const listed = [...personas].sort((one, other) => Number(other.granted) - Number(one.granted));
    const name = ({ name, granted, enabled }) => `${name}${granted ? "" : " (does not have it)"}${enabled ? "" : " (switched off)"}`;
    this.#persona = choice(listed.length ? String(listed[0].id) : "", listed.map((each) => [String(each.id), name(each)]), { id: "try-persona" });
    this.#person = choice("", [["", "You"], ...people.map((each) => [String(each.id), each.name])], { id: "try-person" });
    this.#person.addEventListener("change", () => this.#limit());
    this.#arguments.value = write(this.#sketch());
    const dry = button("What would happen?", () => this.#run({ dry: true }), { className: "made-button made-button--main" });
    const field = (label, control, help) => make("div", { className: "made-field" }, make("label", { className: "made-label", htmlFor: control.id }, label), control, help ? make("span", { className: "made-help" }, help) : null);
    const box = make("json-editor", {}, this.#arguments);
    this.replaceChildren(
      make("header", { className: "panel__head" }, make("h2", {}, "Try it"), make("span", { className: "made-help" }, `${this.dataset.draft === "1" ? "The draft, with" : "With"} what is typed here, saved or not, through the same gate as every use.`)),
      make("div", { className: "made-grid" }, field("As the persona", this.#persona), field("Asked by", this.#person, "Somebody else only to see what would happen.")),
      make("div", { className: "made-field" }, make("label", { className: "made-label", htmlFor: "try-arguments" }, "Arguments"), box),
      make("div", { className: "try__acts" }, dry, this.#really, this.#limited),
      this.#said,
      this.#outcome,
    );
    this.#limit();
    if (!listed.length) this.#said.replaceChildren(make("p", { className: "made-help" }, "There is no persona yet. Add one, and give it this tool."));
  }

  /** What a call could look like: the first example, else something for each parameter that is required. */
  #sketch() {
    const examples = boxed("examples");
    if (Array.isArray(examples) && isObject(examples[0]?.input)) return examples[0].input;
    return sketch(boxed("input_schema") ?? JSON.parse(this.dataset.schema || "{}"));
  }

  /** A real use is one's own, of what is saved. */
  #limit() {
    const values = this.#unsaved();
    const isTyped = values === null || Object.keys(values).length > 0;
    const isOther = Boolean(this.#person?.value);
    this.#really.disabled = isOther || isTyped;
    const why = isTyped ? "Save first: only what is saved can really be used." : isOther ? "Only you yourself can really use it." : "";
    if (this.#limited.textContent !== why) this.#limited.textContent = why;
  }

  /** What differs in the form from what is saved; null while it cannot be read. */
  #unsaved() {
    const now = typed();
    const differing = Object.entries(now ?? {}).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(this.#saved[name]));
    return now && Object.fromEntries(differing);
  }

  async #run({ dry }) {
    clearTimeout(this.#timer);
    const turn = (this.#turn += 1);
    this.#outcome.replaceChildren();
    this.#said.replaceChildren(make("p", { className: "made-help" }, "Asking the gate …"));
    const user = dry && this.#person.value ? { user: Number(this.#person.value) } : {};
    const values = dry ? this.#unsaved() : {};
    if (values === null) {
      this.#said.replaceChildren(make("p", { className: "made-error" }, "The JSON in the form cannot be read yet."));
      return;
    }
    const sent = { agent: Number(this.#persona.value), raw: this.#arguments.value, dry_run: dry, draft: this.dataset.draft === "1", ...user, ...(Object.keys(values).length && { values }) };
    try {
      const told = await post(`/api/tools/${this.dataset.tool}/try`, sent);
      if (turn !== this.#turn) return;
      this.#tell(told);
      if (told.call) this.#follow(told, turn, Date.now());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.#said.replaceChildren(make("p", { className: "made-error" }, wrongIn(error)));
    }
  }

  /** A plain grant, as the page of the persona gives it; its rules are changed there. */
  async #grant({ dry }) {
    const persona = this.#persona.value;
    try {
      await post(`/api/agents/${persona}/tools/${this.dataset.tool}`);
      const option = this.#persona.selectedOptions[0];
      option.textContent = option.textContent.replace(" (does not have it)", "");
      await this.#run({ dry });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#said.append(make("p", { className: "made-error" }, error.message));
    }
  }

  #tell(told) {
    const give = told.code === "not_granted" ? button("Give it to this persona", () => this.#grant({ dry: !told.call })) : null;
    this.#said.replaceChildren(...foretold(told, { more: give, ...(told.call && { heading: REALLY[told.decision] }) }));
  }

  #follow(told, turn, since) {
    this.#drawCall(told);
    if (!told.open) return;
    const again = async () => {
      try {
        const now = await get(`/api/tools/${this.dataset.tool}/try/${told.call.id}`);
        if (turn === this.#turn) this.#follow(now, turn, since);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // Out of reach for a moment: the use goes on by itself, and is asked for again.
        if (turn === this.#turn) this.#timer = setTimeout(again, LATER);
      }
    };
    this.#timer = setTimeout(again, Date.now() - since < 30_000 ? SOON : LATER);
  }

  #drawCall({ call, result, open }) {
    const time = call.duration_ms === null ? "" : ` · ${call.duration_ms} ms`;
    this.#outcome.replaceChildren(
      ...[
        make("p", { className: `try__state try__state--${call.status}`, role: "status" }, `${STATES[call.status] ?? call.status}${time}`),
        call.status === "running" && call.progress ? progress(call.progress) : null,
        open && call.approval ? this.#question(call) : null,
        call.reason_text ? make("p", {}, call.reason_text) : null,
        call.result_text ? make("pre", { className: "bench__seen", tabIndex: 0, "aria-label": "Result" }, call.result_text) : null,
        result !== null ? make("details", {}, make("summary", {}, "As data"), make("pre", { className: "bench__seen" }, write(result))) : null,
      ].filter(Boolean),
    );
  }

  #question(call) {
    const link = make("a", { href: `/admin/tools_app/approval/${call.approval.id}/change/`, target: "_blank", rel: "noopener" }, "Look at the question");
    const withdraw = button("Withdraw it", () => this.#withdraw(call.id), { className: "made-button made-button--small" });
    return make("p", { className: "try__acts" }, "It waits like every other use. ", link, withdraw);
  }

  async #withdraw(id) {
    const turn = this.#turn;
    try {
      const told = await remove(`/api/tools/${this.dataset.tool}/try/${id}`);
      if (turn === this.#turn) this.#drawCall(told);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

const TYPED = ["input", "change", "json-change"];
const REALLY = {
  allow: "The gate let it pass.",
  ask: "A person is asked first.",
  refuse: "The gate refused it.",
};

function progress({ current, total, message }) {
  const bar = make("progress", total ? { max: total, value: current } : {});
  return make("p", { className: "try__progress" }, bar, ` ${message}`);
}

function typed() {
  try {
    return tool();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function boxed(name) {
  return document.getElementById(`id_${name}`)?.closest("json-editor")?.content?.value;
}

customElements.define("tool-try", ToolTry);
