// The question put to a person about one call, and their answer. What is shown is what the server rendered to text;
// the verdict carries the digest of exactly that.
import { alarm, say } from "../lib/announcer.js";
import * as api from "../lib/api.js";
import { isPlain, isTyping } from "../lib/keys.js";
import { clone, fill, show } from "../lib/slots.js";
import "./answer-form.js";
import "./approval-ballot.js";
import "./approval-instead.js";
import "./changed-arguments.js";
import "./cut-note.js";
import "./information-flow.js";

// What the two verdicts are called, by what is asked: may it run; after it was lost, may the answer go on; what is
// the answer, which is given by a form and has no keys.
const WORDS = {
  use: { title: "Approval for", keys: { approve: "a", deny: "d" }, said: { approve: "Approved", deny: "Denied" } },
  outcome: { title: "Question about", keys: { approve: "g", deny: "s" }, said: { approve: "Going on", deny: "Stopped" } },
  answer: { title: "Question about", keys: {}, said: { approve: "Answered", deny: "Not answered" } },
};

// Longer than a double click takes, and than anybody needs to notice that something else has come to lie there.
const UNREAD = 700;
const MOVING = ["approval-decided", "approval-stale"];

export class ApprovalCard extends HTMLElement {
  #isSending = false;
  #wrong = {};
  #unread = null;
  #onMoved = () => this.hold();
  #onClick = (event) => this.#clicked(event);
  #onKey = (event) => this.#pressed(event);
  #onSubmit = (event) => {
    event.preventDefault();
    if (this.dataset.about === "answer") this.#answer();
  };

  connectedCallback() {
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("submit", this.#onSubmit);
    for (const name of MOVING) document.addEventListener(name, this.#onMoved);
    this.hold();
    this.#offer();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#onClick);
    this.removeEventListener("keydown", this.#onKey);
    this.removeEventListener("submit", this.#onSubmit);
    for (const name of MOVING) document.removeEventListener(name, this.#onMoved);
    clearTimeout(this.#unread);
  }

  /** For a moment the pointer does nothing here: what has just come to lie beneath it, nobody has read. */
  hold() {
    this.dataset.unread = "";
    clearTimeout(this.#unread);
    this.#unread = setTimeout(() => delete this.dataset.unread, UNREAD);
  }

  get isPending() {
    return this.dataset.status === "pending";
  }

  get #words() {
    return WORDS[this.dataset.about] ?? WORDS.use;
  }

  /** Show an approval; one that does not say who may decide leaves that as it was. */
  show(approval) {
    const isSame = this.dataset.digest === approval.digest && this.dataset.approval === String(approval.id);
    Object.assign(this.dataset, {
      approval: approval.id,
      call: approval.call,
      status: approval.status,
      about: approval.about,
      digest: approval.digest,
      showable: approval.showable,
      taint: approval.taint,
      dangerous: Boolean(approval.is_dangerous),
      responded: Boolean(approval.response),
      halted: Boolean(approval.halted),
    });
    if (approval.may_decide !== undefined) this.dataset.mayDecide = approval.may_decide;
    if (approval.voted !== undefined) this.dataset.voted = approval.voted;
    this.setAttribute("aria-label", `${this.#words.title} ${approval.tool}`);
    this.#write(approval);
    show(this.querySelector("[data-halt]"), Boolean(approval.halted));
    if (!isSame) this.#writeRows(approval.card);
    if (!isSame) this.hold();
    this.querySelector("information-flow").show(approval.flow);
    for (const part of ["changed-arguments", "approval-ballot", "approval-instead"]) this.querySelector(part).show(approval);
    this.#form.show(approval.form, approval.digest);
    this.querySelector("standing-offer")?.show(approval);
    this.#offer();
  }

  #write(approval) {
    const digest = approval.digest.slice(0, 12);
    fill(this, {
      "approval-persona": approval.persona,
      "approval-asker": approval.persona,
      "approval-tool": approval.tool,
      "approval-requester": approval.requester,
      "approval-organization": approval.organization,
      "approval-place": approval.organization,
      "approval-whom": approval.may_decide ? "you" : approval.requester,
      "approval-answers": approval.requester,
      "approval-asked": approval.form?.question ?? "",
      "approval-version": approval.tool_version,
      "approval-description": approval.tool_description,
      "approval-digest": digest,
      "approval-serial": digest,
      "approval-by": approval.decided_by,
      "approval-comment": approval.comment || approval.answered || approval.response,
      "approval-instead": approval.instead,
      "approval-denied": approval.response ? "Answered by a person" : "Denied",
      "approval-void": approval.void || "Replaced",
      "approval-halt": approval.halted,
      "approval-anew": approval.anew,
    });
    if (approval.why_not) fill(this, { "approval-why-not": approval.why_not });
    this.querySelector('[data-slot="approval-digest"]').title = approval.digest;
    this.#place(approval);
    this.querySelector("count-down").dataset.until = approval.expires_at ?? "";
  }

  /** Where it was asked, for whoever may go there; in the conversation itself nobody has to be told. */
  #place({ conversation, conversation_title: title }) {
    if (title === undefined) return;
    const link = this.querySelector('[data-slot="approval-conversation"]');
    link.textContent = title ?? "";
    link.href = `/c/${conversation}/`;
    show(this.querySelector("[data-place]"), title !== null);
  }

  #writeRows(rows) {
    const place = this.querySelector("[data-rows]");
    place.replaceChildren(
      ...rows.map((row) => {
        const argument = clone("argument-template");
        argument.dataset.argument = row.name;
        argument.toggleAttribute("data-policy", row.filled_by_policy);
        argument.dataset.origin = row.origin;
        argument.querySelector("pre").setAttribute("aria-label", row.name);
        fill(argument, { "argument-name": row.name, "argument-value": row.value, "argument-bytes": row.bytes, "argument-unit": row.bytes === 1 ? "byte" : "bytes" });
        return argument;
      }),
    );
  }

  /** What is being written in the place of a verdict, "edit" or "respond", or nothing. */
  set changing(name) {
    if ((this.dataset.changing ?? "") === name) return;
    if (name) this.dataset.changing = name;
    else delete this.dataset.changing;
    this.#offer();
    this.dispatchEvent(new CustomEvent("approval-changing", { bubbles: true }));
  }

  #offer() {
    // A yes is about what was asked: beside something else that is being written it would be read as one to that.
    const mayDecide = this.isPending && this.dataset.mayDecide === "true" && !this.dataset.changing;
    this.tabIndex = this.isPending ? 0 : -1;
    for (const verdict of ["approve", "deny"]) this.#button(verdict).setAttribute("aria-keyshortcuts", this.#words.keys[verdict] ?? "");
    const hasVoted = this.dataset.voted === "true";
    const mayAgree = mayDecide && !this.#isSending && this.dataset.halted !== "true";
    this.#button("approve").disabled = !mayAgree || hasVoted || this.dataset.showable !== "true";
    this.#button("deny").disabled = !mayDecide || this.#isSending;
    this.querySelector("[data-send]").disabled = !mayAgree;
    this.#form.disabled = !mayDecide || this.#isSending;
    this.setAttribute("aria-busy", String(this.#isSending));
  }

  #button(verdict) {
    return this.querySelector(`[data-verdict="${verdict}"]`);
  }

  #clicked(event) {
    const preset = event.target.closest("[data-preset]");
    if (preset) this.#addReason(preset);
    const button = event.target.closest("[data-verdict]");
    if (button) this.#decide(button.dataset.verdict);
  }

  /** A ready-made reason takes the place of another one; what a person has written stays. */
  #addReason({ textContent: reason }) {
    const given = this.comment;
    const isReadyMade = [...this.querySelectorAll("[data-preset]")].some((each) => each.textContent === given);
    this.#comment.value = given && !isReadyMade ? `${given} ${reason}` : reason;
  }

  /** Escape goes one step back inside of the card; says whether there was one. */
  stepBack(from) {
    if (this.dataset.changing) this.querySelector("approval-instead").stepBack();
    else if (from === this) return false;
    else this.focus({ preventScroll: true });
    return true;
  }

  #pressed(event) {
    if (isTyping(event) || !isPlain(event)) return;
    const [verdict] = Object.entries(this.#words.keys).find(([, key]) => key === event.key.toLowerCase()) ?? [];
    if (!verdict || event.shiftKey || this.#button(verdict).disabled) return;
    event.preventDefault();
    this.#decide(verdict);
  }

  get #form() {
    return this.querySelector("answer-form");
  }

  get #comment() {
    return this.querySelector('[name="comment"]');
  }

  /** What is written as the reason, for whoever acts on this card. */
  get comment() {
    return this.#comment.value.trim();
  }

  #decide(verdict) {
    const comment = this.dataset.about === "answer" ? "" : this.comment;
    const instead = verdict === "deny" && this.dataset.about === "use" ? this.querySelector('[name="instead"]').value.trim() : "";
    return this.#send("decision", { verdict, comment, ...(instead && { instead }) }, verdict);
  }

  #answer() {
    return this.#send("answer", { answer: this.#form.value }, "approve");
  }

  async #send(where, given, verdict) {
    this.#isSending = true;
    this.#offer();
    this.#complain(null);
    try {
      const body = { digest: this.dataset.digest, ...given };
      this.show(await api.post(`/api/approvals/${this.dataset.approval}/${where}`, body));
      say(this.#words.said[verdict]);
      this.dispatchEvent(new CustomEvent("approval-decided", { bubbles: true }));
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#isSending = false;
      this.#offer();
      this.#form.complain(this.#wrong);
    }
  }

  #refused(error) {
    // Somebody else was faster, or what would run has changed: the answer brings the card as it is now.
    const fresh = error.details.approval ?? error.details;
    if (error.status === 409 && fresh.digest) this.show(fresh);
    if (error.status === 409) this.dispatchEvent(new CustomEvent("approval-stale", { bubbles: true }));
    const said = new Error(told(error, fresh));
    this.#complain(Object.assign(said, { details: error.details, status: error.status, code: error.code }));
    alarm(said.message);
  }

  #complain(error) {
    this.#wrong = error?.details?.fields ?? {};
    show(this.querySelector("[data-error]"), Boolean(error));
    fill(this, { "approval-error": error?.message ?? "" });
    const link = this.querySelector("[data-fresh-login]");
    link.href = `${link.pathname}?next=${encodeURIComponent(location.pathname)}`;
    link.hidden = !(error && (error.status === 401 || error.code.includes("login")));
  }
}

/** Who was faster, where the server says it. */
function told(error, fresh) {
  const did = { approved: "approved", consumed: "approved", denied: "denied" }[fresh.status];
  const isLost = error.status === 409 && did && fresh.decided_by;
  return isLost ? `${fresh.decided_by} ${did} it while you were deciding.` : error.message;
}

customElements.define("approval-card", ApprovalCard);
