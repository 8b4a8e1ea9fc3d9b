// One websocket that comes back by itself. It only listens: commands travel over HTTP.
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
const PING_EVERY = 25_000;
const FINAL_CODES = new Set([4401, 4403, 4404]);
// This person has too many pages open: asking again soon would only add to the crowd.
const CROWDED_CODE = 4429;
const CROWDED_PAUSE = 60_000;

export class Socket {
  #path;
  #onEvent;
  #onState;
  #socket = null;
  #failures = 0;
  #retry = null;
  #ping = null;
  #isStopped = false;
  #wake = () => this.#comeBackNow();

  constructor(path, { onEvent, onState }) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  start() {
    addEventListener("online", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    this.#open();
  }

  stop() {
    this.#isStopped = true;
    removeEventListener("online", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    this.#socket?.close();
  }

  /** Close a connection that has gone silent; it is opened again at once. */
  restart() {
    this.#failures = 0;
    this.#socket?.close();
  }

  #open() {
    const address = new URL(this.#path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (message) => this.#receive(message);
    socket.onclose = (event) => this.#closed(event.code);
    clearInterval(this.#ping);
    this.#ping = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("ping"), PING_EVERY);
  }

  #receive(message) {
    let event;
    try {
      event = JSON.parse(message.data);
    } catch {
      return;
    }
    if (event.type === "pong") return;
    if (event.type === "ready") {
      this.#failures = 0;
      this.#onState("open");
    }
    this.#onEvent(event);
  }

  #closed(code) {
    clearInterval(this.#ping);
    if (this.#isStopped) return;
    if (FINAL_CODES.has(code)) {
      this.#onState(code === 4401 ? "signed-out" : "gone");
      return;
    }
    this.#failures += 1;
    const isCrowded = code === CROWDED_CODE;
    this.#onState(isCrowded ? "crowded" : "lost");
    const pause = isCrowded ? CROWDED_PAUSE : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.#open(), pause * (0.7 + Math.random() * 0.6));
  }

  #comeBackNow() {
    if (document.hidden || this.#isStopped || this.#socket?.readyState !== WebSocket.CLOSED) return;
    if (this.#retry === null) return;
    clearTimeout(this.#retry);
    this.#open();
  }
}
