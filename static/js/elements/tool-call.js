// One use of a tool: a line that opens to everything that went in and came out.
import { clone, fill, show } from "../lib/slots.js";
import "./changed-arguments.js";

export class ToolCall extends HTMLElement {
  static make() {
    return clone("call-template");
  }

  get approvalCard() {
    return this.querySelector("approval-card");
  }

  get isWaitingForVerdict() {
    return this.approvalCard?.dataset.status === "pending";
  }

  show(call) {
    Object.assign(this.dataset, { call: call.id, status: call.status, reason: call.reason ?? "" });
    fill(this, {
      "call-tool": call.tool,
      "call-title": call.title,
      "call-why": call.reason_text,
      "call-left": (call.remainder ?? []).join(" · "),
      "call-arguments": call.arguments_text,
      "call-result": call.result_text,
    });
    this.querySelector("changed-arguments").show(call);
    this.#showSources(call.sources ?? []);
    this.#showPictures(call.pictures ?? []);
    this.#showIcon(call.icon);
    this.#showTime(call);
    this.showProgress(call.status === "running" ? call.progress : null);
    if (call.approval) this.showApproval(call.approval);
    this.#showStanding(call.standing);
  }

  showProgress(progress) {
    show(this.querySelector("[data-progress]"), Boolean(progress));
    if (!progress) return;
    const bar = this.querySelector("progress");
    if (progress.total) {
      bar.max = progress.total;
      bar.value = progress.current;
    } else {
      bar.removeAttribute("value");
    }
    fill(this, { "call-progress": progress.message });
  }

  showApproval(approval) {
    const place = this.querySelector("[data-approval-place]");
    if (!this.approvalCard) place.append(clone("approval-template"));
    this.approvalCard.show(approval);
    this.dataset.about = approval.about;
  }

  #showStanding(standing) {
    show(this.querySelector("[data-standing]"), Boolean(standing));
    if (!standing) return;
    fill(this, { "standing-by": standing.by });
    this.querySelector("[data-standing] day-time").setAttribute("datetime", standing.until);
    const link = this.querySelector("[data-standing-link]");
    link.hash = `standing-${standing.id}`;
  }

  #showSources(sources) {
    const list = this.querySelector("[data-sources]");
    // What is open stays open while the call is shown again.
    if (list.childElementCount === sources.length) return;
    list.replaceChildren(...sources.map((source) => this.#source(source)));
  }

  #showPictures(pictures) {
    const list = this.querySelector("[data-pictures]");
    if (list.childElementCount === pictures.length) return;
    list.replaceChildren(
      ...pictures.map((picture) => {
        const row = clone("picture-template");
        row.querySelector("img").src = picture.url;
        return row;
      }),
    );
  }

  #source(source) {
    const row = clone("source-template");
    fill(row, { "source-title": source.title, "source-where": source.source, "source-text": source.text });
    const link = row.querySelector("a");
    if (source.url) link.href = source.url;
    else link.remove();
    return row;
  }

  #showIcon(icon) {
    // The house draws the signs it knows; an administrator's own sign stays what it is.
    const isDrawn = document.getElementById(`icon-${icon}`) !== null;
    this.querySelector("[data-icon]").setAttribute("href", `#icon-${isDrawn || !icon ? icon || "tag" : ""}`);
    this.querySelector(".call__icon").toggleAttribute("hidden", Boolean(icon) && !isDrawn);
    fill(this, { "call-sign": isDrawn ? "" : icon });
  }

  #showTime(call) {
    const time = this.querySelector("elapsed-time");
    time.dataset.ms = call.duration_ms ?? "";
    time.dataset.since = call.status === "running" ? (call.started_at ?? "") : "";
  }
}

customElements.define("tool-call", ToolCall);
