// News of the inbox for every tab of this browser over one socket: the tab that holds the lock listens and passes on.
// Where a browser has no locks (no https), every tab listens for itself.
import { Socket } from "./socket.js";

const NAME = "toolroom-inbox";

export class InboxChannel {
  #onNews;
  #others = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
  #socket = null;
  #stopped = new AbortController();
  #release = () => {};

  /** `onNews(news, isListening)` hears events of the server and "ready"; isListening: this tab has the socket. */
  constructor(onNews) {
    this.#onNews = onNews;
  }

  start() {
    if (this.#others) this.#others.onmessage = (message) => this.#onNews(message.data, false);
    if (!navigator.locks || !this.#others) {
      this.#listen();
      return;
    }
    const { signal } = this.#stopped;
    const held = () => new Promise((release) => {
      this.#release = release;
      this.#listen();
    });
    navigator.locks.request(NAME, { signal }, held).catch(() => {});
  }

  stop() {
    this.#stopped.abort();
    this.#socket?.stop();
    this.#others?.close();
    this.#release();
  }

  #listen() {
    this.#socket = new Socket("/ws/inbox/", {
      onEvent: (event) => this.#heard(event),
      onState: (state) => {
        // Nobody is signed in here any more: another tab, whose person is, may listen instead.
        if (state === "signed-out" || state === "gone") this.#release();
      },
    });
    this.#socket.start();
  }

  #heard(event) {
    this.#others?.postMessage(event);
    this.#onNews(event, true);
  }
}
