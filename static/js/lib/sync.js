// Keeps one page equal to one conversation: subscribe first, then fetch, then apply what came in between.
import * as api from "./api.js";
import { Sequence } from "./sequence.js";
import { Socket } from "./socket.js";

const GAP_PATIENCE = 400;
const POLL_EVERY = 15_000;
const POLL_WITHOUT_SOCKET = 3_000;

export class ConversationSync {
  #id;
  #thread;
  #socket;
  #sequence;
  #held = [];
  #isFetching = false;
  #isStale = false;
  #isLive = false;
  #gapTimer = null;
  #pollTimer = null;
  #isStopped = false;

  /** `thread` takes `apply(event)`, `applySnapshot(snapshot)`, `showConnection(state)`; it tells `hasOpenRun`, `hasGap`. */
  constructor(id, cursor, thread) {
    this.#id = id;
    this.#thread = thread;
    this.#sequence = new Sequence(cursor);
    this.#socket = new Socket(`/ws/conversations/${id}/`, {
      onEvent: (event) => this.#receive(event),
      onState: (state) => this.#connection(state),
    });
  }

  start() {
    this.#socket.start();
    this.#poll();
  }

  stop() {
    this.#isStopped = true;
    this.#socket.stop();
    clearTimeout(this.#gapTimer);
    clearTimeout(this.#pollTimer);
  }

  /** Fetch the whole state; events that arrive meanwhile are held and applied after it. */
  async refresh() {
    if (this.#isFetching) {
      this.#isStale = true;
      return;
    }
    this.#isFetching = true;
    try {
      const snapshot = await api.get(`/api/conversations/${this.#id}/snapshot`);
      if (!this.#isStopped) this.#apply(snapshot);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isFetching = false;
    }
    this.#release();
    if (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      await this.refresh();
    }
  }

  #apply(snapshot) {
    this.#thread.applySnapshot(snapshot);
    for (const event of this.#sequence.jumpTo(snapshot.cursor)) this.#thread.apply(event);
  }

  #release() {
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#take(event);
  }

  #failed(error) {
    if (error.status === 401) this.#connection("signed-out");
    else if (error.status === 403 || error.status === 404) this.#connection("gone");
    else this.#gapTimer ??= setTimeout(() => this.#closeGap({ evenWithout: true }), POLL_WITHOUT_SOCKET);
  }

  #receive(event) {
    if (event.type === "ready") {
      this.#isLive = true;
      this.#thread.apply(event);
      this.refresh();
    } else if (this.#isFetching) {
      this.#held.push(event);
    } else {
      this.#take(event);
    }
  }

  #take(event) {
    if (typeof event.seq !== "number") this.#thread.apply(event);
    else for (const due of this.#sequence.offer(event)) this.#thread.apply(due);
    if (this.#hasGap()) this.#gapTimer ??= setTimeout(() => this.#closeGap(), GAP_PATIENCE);
  }

  #hasGap() {
    return this.#sequence.hasGap || this.#thread.hasGap;
  }

  #closeGap({ evenWithout = false } = {}) {
    this.#gapTimer = null;
    if (evenWithout || this.#hasGap()) this.refresh();
  }

  #connection(state) {
    this.#isLive = state === "open";
    if (state === "signed-out" || state === "gone") this.stop();
    if (state === "lost" || state === "crowded") this.#schedulePoll();
    this.#thread.showConnection(state);
  }

  #schedulePoll() {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => this.#poll(), this.#isLive ? POLL_EVERY : POLL_WITHOUT_SOCKET);
  }

  async #poll() {
    if (this.#isStopped) return;
    if (this.#thread.hasOpenRun && !document.hidden) await this.#compareCursor();
    if (!this.#isStopped) this.#schedulePoll();
  }

  async #compareCursor() {
    const before = this.#sequence.cursor;
    try {
      const { cursor } = await api.get(`/api/conversations/${this.#id}/cursor`);
      if (cursor <= this.#sequence.cursor && this.#isLive) return;
      await this.refresh();
      // The server went on without the socket hearing of it: that connection is dead, whatever it says.
      if (this.#isLive && cursor > before + 1) this.#socket.restart();
    } catch {
      // The next poll, or the socket's own return, finds out.
    }
  }
}
