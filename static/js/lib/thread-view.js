// What a thread shows: messages, calls and runs by their ids, in reading order. Showing anything twice does no harm.
import { ChatMessage } from "../elements/chat-message.js";
import { RunNote } from "../elements/run-note.js";
import { ToolCall } from "../elements/tool-call.js";
import { SentenceSpeaker, alarm, say } from "./announcer.js";
import { apply } from "./events.js";

const OPEN = new Set(["queued", "running", "waiting"]);

export class ThreadView {
  #root;
  #list;
  #messages = new Map();
  #calls = new Map();
  #notes = new Map();
  #runs = new Map();
  #pending = new Map();
  #pauses = new Map();
  #growing = new Set();
  #orphans = false;
  #title;
  #speaker = new SentenceSpeaker();
  #on;

  constructor(root, callbacks) {
    this.#root = root;
    this.#list = root.querySelector("[data-messages]");
    this.#on = callbacks;
    this.#title = root.querySelector('[data-slot="title"]').textContent;
    for (const element of this.#list.querySelectorAll("chat-message")) this.#messages.set(Number(element.dataset.message), element);
    for (const element of this.#list.querySelectorAll("tool-call")) this.#calls.set(Number(element.dataset.call), element);
    for (const element of this.#list.querySelectorAll("run-note")) this.#notes.set(Number(element.dataset.runNote), element);
  }

  get title() {
    return this.#title;
  }

  get isEmpty() {
    return this.#list.childElementCount === 0;
  }

  get hasOpenRun() {
    return this.activeRun !== null;
  }

  get activeRun() {
    const open = [...this.#runs.values()].filter((run) => OPEN.has(run.status)).sort((one, other) => one.message - other.message);
    return open.find((run) => run.status !== "queued") ?? open[0] ?? null;
  }

  get hasGap() {
    return this.#orphans || [...this.#growing].some((message) => message.hasGap);
  }

  /** The cards this person can decide now, in reading order. */
  get decidable() {
    return [...this.#list.querySelectorAll('approval-card[data-status="pending"][data-may-decide="true"]')];
  }

  /** All that waits for this person's word: cards, and answers that rest at a limit; in reading order. */
  get asking() {
    return [...this.#list.querySelectorAll('approval-card[data-status="pending"][data-may-decide="true"], run-note[data-rests="true"]')];
  }

  apply(event) {
    apply(this, event);
  }

  applySnapshot(snapshot) {
    this.#orphans = false;
    for (const run of snapshot.runs) this.#runs.set(run.id, run);
    for (const message of snapshot.messages) this.#putMessage(message);
    for (const call of snapshot.calls) this.#putCall(call);
    for (const run of snapshot.runs) this.#putRun(run);
    this.#forgetMissing(snapshot);
    this.#title = snapshot.conversation.title;
    this.showUsage(snapshot.usage);
    document.dispatchEvent(new CustomEvent("conversation-changed", { detail: snapshot.conversation }));
    this.#settle();
  }

  showConnection(state) {
    this.#on.onConnection(state);
  }

  addText({ message, offset, text }) {
    const element = this.#messages.get(message);
    // A piece of a message that nobody has announced yet: its announcement is late or lost.
    if (!element) this.#orphans = true;
    const hadText = element?.hasText;
    const gained = element?.addPiece({ offset, text });
    if (!gained) return;
    this.#speaker.add(gained);
    if (!hadText) this.#settle();
    this.#on.onNews();
  }

  showMessage(message) {
    const isNew = !this.#messages.has(message.id);
    this.#putMessage(message);
    if (message.role === "assistant" && message.ending !== "") this.#speaker.finish();
    if (isNew) this.#on.onNews();
    this.#settle();
  }

  showCall(call) {
    this.#putCall(call);
    this.#settle();
  }

  showRun(run) {
    const before = this.#runs.get(run.id)?.status;
    this.#putRun(run);
    if (run.status === "failed" && before !== "failed") alarm(run.reason_text);
    if (run.status === "finished" && before !== "finished") say("Answer complete");
    if (run.choices?.length > 0 && before !== "waiting") alarm(`${run.reason_text} Choose whether it goes on.`);
    // An answer cannot outlive its run: the news of its ending was lost.
    if (!OPEN.has(run.status) && this.#isWriting(run.id)) this.#on.onUncertain();
    this.#settle();
  }

  showApproval(approval) {
    const call = this.#calls.get(approval.call);
    const before = call?.approvalCard?.dataset.status;
    call?.showApproval(approval);
    if (approval.status === "pending" && before !== "pending") this.#asked(approval);
    if (!call) this.#on.onUncertain();
    this.#settle();
  }

  showProgress({ call, ...progress }) {
    this.#calls.get(call)?.showProgress(progress);
  }

  showUsage(usage) {
    this.#root.querySelector("usage-gauge")?.show(usage);
  }

  showPause({ run, seconds, reason }) {
    this.#pauses.set(run, { until: Date.now() + seconds * 1_000, reason });
    this.#settle();
    setTimeout(() => this.#settle(), seconds * 1_000 + 50);
  }

  /** The server's answer to a message sent; the socket may have told of it already, and of more. */
  showAccepted({ message, run }) {
    if (!this.#runs.has(run.id)) this.#putRun(run);
    if (!this.#messages.has(message.id)) this.#putMessage(message);
    this.#settle();
  }

  showPending(clientId, text, attachments = []) {
    const element = ChatMessage.make("");
    const item = { id: null, role: "user", text, html: "", ending: "complete", ending_text: "", attachments, client_id: clientId };
    element.show({ ...item, created_at: new Date().toISOString() }, { after: "" });
    element.toggleAttribute("data-pending", true);
    this.#pending.set(clientId, element);
    this.#list.append(element);
    this.#settle();
  }

  dropPending(clientId) {
    this.#pending.get(clientId)?.remove();
    this.#pending.delete(clientId);
    this.#settle();
  }

  #asked(approval) {
    const asks = { outcome: `A worker was lost while ${approval.tool} was running`, answer: `${approval.persona} asks: ${approval.form?.question}` };
    const asked = asks[approval.about] ?? `${approval.persona} asks to use ${approval.tool}`;
    alarm(`${asked}. Press R outside the message field to review it.`);
    // Only a question to the server tells whether this person may decide.
    if (approval.may_decide === undefined) this.#on.onUncertain();
  }

  #putMessage(item) {
    const element = this.#messages.get(item.id) ?? this.#adopt(item) ?? ChatMessage.make(this.#root.dataset.personaName);
    const run = this.#runs.get(item.run);
    const after = item.role === "user" ? item.id : (run?.message ?? item.id);
    this.#messages.set(item.id, element);
    element.show(item, { after, isQueued: item.role === "user" && this.#isQueued(item.id) });
    if (element.isStreaming) this.#growing.add(element);
    else this.#growing.delete(element);
    this.#place(element, [after, 0, item.id]);
  }

  #adopt(item) {
    const element = this.#pending.get(item.client_id);
    this.#pending.delete(item.client_id);
    element?.removeAttribute("data-pending");
    return element;
  }

  #putCall(item) {
    const element = this.#calls.get(item.id) ?? ToolCall.make();
    const before = element.approvalCard?.dataset.status;
    this.#calls.set(item.id, element);
    element.show(item);
    const place = this.#messages.get(item.message)?.querySelector("[data-calls]");
    if (!place) this.#on.onUncertain();
    else if (element.parentElement !== place) this.#insertCall(place, element);
    if (item.approval?.status === "pending" && before !== "pending") this.#asked(item.approval);
  }

  #insertCall(place, element) {
    const later = [...place.children].find((other) => Number(other.dataset.call) > Number(element.dataset.call));
    place.insertBefore(element, later ?? null);
    this.#on.onNews();
  }

  #putRun(item) {
    const note = this.#notes.get(item.id) ?? RunNote.make();
    this.#runs.set(item.id, item);
    this.#notes.set(item.id, note);
    note.show(item);
    this.#place(note, [item.message, 1, item.id]);
  }

  // Answers stand under the message they answer, also when the next message was written before they ended.
  #place(element, order) {
    element.order = order;
    let later = null;
    for (let other = this.#list.lastElementChild; other; other = other.previousElementSibling) {
      if (other === element) continue;
      if (!isAfter(other, order)) break;
      later = other;
    }
    const isThere = element.parentElement === this.#list && nextOf(element) === later;
    if (!isThere) this.#list.insertBefore(element, later);
  }

  #forgetMissing(snapshot) {
    const known = new Set(snapshot.messages.map((message) => message.id));
    for (const [id, element] of this.#messages) {
      if (known.has(id)) continue;
      element.remove();
      this.#messages.delete(id);
    }
  }

  #isQueued(messageId) {
    const active = this.activeRun;
    return [...this.#runs.values()].some((run) => run.message === messageId && run.status === "queued" && run !== active);
  }

  #settle() {
    const active = this.activeRun;
    const newest = Math.max(...this.#runs.keys());
    for (const [id, note] of this.#notes) {
      note.say(id === active?.id ? this.#words(active) : "");
      note.place({ isNewest: id === newest, isAnsweredAgain: this.#isAnsweredAgain(id) });
    }
    for (const [id, element] of this.#messages) {
      if (element.dataset.role === "user") element.toggleAttribute("data-queued", this.#isQueued(id));
    }
    this.#on.onChange();
  }

  #isAnsweredAgain(runId) {
    const { message } = this.#runs.get(runId) ?? {};
    return [...this.#runs.values()].some((run) => run.message === message && run.id > runId);
  }

  #words(run) {
    const pause = this.#pauses.get(run.id);
    const name = this.#root.dataset.personaName;
    if (pause && pause.until > Date.now()) return `${pause.reason || "The model asked for a pause"}. Going on shortly.`;
    // It rests at a limit, and its note says so.
    if (run.choices?.length > 0) return "";
    if (run.status === "waiting") return this.#waitingWords();
    if (run.status === "queued") return `${name} is about to start`;
    return [...this.#growing].some((message) => message.hasText) ? "" : `${name} is thinking`;
  }

  #isWriting(runId) {
    return [...this.#growing].some((message) => message.dataset.run === String(runId));
  }

  #waitingWords() {
    const waiting = [...this.#calls.values()].filter((call) => call.isWaitingForVerdict).length;
    if (waiting === 0) return "Using tools";
    return this.decidable.length > 0 ? "Waiting for your decision" : "Waiting for somebody who may approve";
  }
}

function isAfter(element, order) {
  const other = orderOf(element);
  const place = other.findIndex((part, index) => part !== order[index]);
  return place !== -1 && other[place] > order[place];
}

// What the server rendered carries its order in attributes; what is not yet accepted stays last.
function orderOf(element) {
  if (element.order) return element.order;
  if (element.hasAttribute("data-pending")) return [Infinity, 0, 0];
  const { runNote, message, after } = element.dataset;
  element.order = runNote ? [Number(element.dataset.for), 1, Number(runNote)] : [Number(after), 0, Number(message)];
  return element.order;
}

function nextOf(element) {
  return element.nextElementSibling;
}
