// Five small elements that write times in the reader's own clock; one timer moves those that move.
import { ago, clock, dayTime, duration, remaining } from "../lib/format.js";

const moving = new Set();
let timer = null;

class TimeElement extends HTMLElement {
  connectedCallback() {
    this.write();
    moving.add(this);
    timer ??= setInterval(() => moving.forEach((element) => element.write()), 1_000);
  }

  disconnectedCallback() {
    moving.delete(this);
    if (moving.size > 0) return;
    clearInterval(timer);
    timer = null;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.write();
  }

  put(text) {
    if (this.textContent !== text) this.textContent = text;
  }

  date(attribute) {
    const date = new Date(this.getAttribute(attribute) ?? "");
    return Number.isNaN(date.getTime()) ? null : date;
  }
}

class LocalTime extends TimeElement {
  static observedAttributes = ["datetime"];

  write() {
    const date = this.date("datetime");
    this.put(date ? clock(date) : "");
    if (date && !this.title) this.title = date.toLocaleString();
  }
}

class DayTime extends TimeElement {
  static observedAttributes = ["datetime"];

  write() {
    const date = this.date("datetime");
    this.put(date ? dayTime(date) : "");
    if (date && !this.title) this.title = date.toLocaleString();
  }
}

class RelativeTime extends TimeElement {
  static observedAttributes = ["datetime"];

  write() {
    const date = this.date("datetime");
    this.put(date ? ago(date) : "");
  }
}

class ElapsedTime extends TimeElement {
  static observedAttributes = ["data-ms", "data-since"];

  write() {
    const since = this.date("data-since");
    if (this.dataset.ms) this.put(duration(Number(this.dataset.ms)));
    else if (since && Date.now() - since >= 1_000) this.put(`${Math.floor((Date.now() - since) / 1_000)} s`);
    else this.put("");
  }
}

class CountDown extends TimeElement {
  static observedAttributes = ["data-until"];

  write() {
    const until = this.date("data-until");
    this.put(until ? remaining(until - Date.now()) : "");
    this.toggleAttribute("data-soon", Boolean(until) && until - Date.now() < 300_000);
  }
}

customElements.define("local-time", LocalTime);
customElements.define("day-time", DayTime);
customElements.define("relative-time", RelativeTime);
customElements.define("elapsed-time", ElapsedTime);
customElements.define("count-down", CountDown);
