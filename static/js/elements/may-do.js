// What a person may do through a persona, tool by tool: fetched when it is opened, for oneself or, where people are
// offered to choose from, for somebody else.
import { ApiError, get } from "../lib/api.js";
import { make } from "../lib/build.js";

const GROUPS = [
  ["allow", "Allowed"],
  ["ask", "Asks first"],
  ["refuse", "Refused"],
];

export class MayDo extends HTMLElement {
  #asked = 0;
  #shown = "";
  #onToggle = () => this.#tell();
  #onChange = (event) => this.#chosen(event);

  connectedCallback() {
    this.addEventListener("toggle", this.#onToggle, true);
    document.addEventListener("change", this.#onChange);
  }

  disconnectedCallback() {
    this.removeEventListener("toggle", this.#onToggle, true);
    document.removeEventListener("change", this.#onChange);
    this.#asked += 1;
  }

  get #fold() {
    return this.querySelector("details");
  }

  get #place() {
    return this.querySelector("[data-may]");
  }

  #chosen({ target }) {
    if (target.matches(".persona__choice")) this.dataset.agent = target.value;
    else if (!this.contains(target)) return;
    this.hidden = !this.dataset.agent;
    this.#tell();
  }

  async #tell() {
    const user = this.querySelector("[data-person]")?.value ?? "";
    const path = `/api/agents/${this.dataset.agent}/preview${user ? `?user=${user}` : ""}`;
    if (!this.#fold.open || !this.dataset.agent || path === this.#shown) return;
    const asked = (this.#asked += 1);
    if (!this.#place.childElementCount) this.#place.replaceChildren(make("p", { className: "may__note" }, "Looking it up …"));
    try {
      const told = await get(path);
      if (asked !== this.#asked) return;
      this.#shown = path;
      this.#place.replaceChildren(...drawn(told));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (asked === this.#asked) this.#place.replaceChildren(make("p", { className: "may__note" }, error.message));
    }
  }
}

function drawn({ tools, persona }) {
  if (!tools.length) return [make("p", { className: "may__note" }, `${persona} talks only, it has no tools.`)];
  return GROUPS.flatMap(([decision, title]) => {
    const some = tools.filter((tool) => tool.decision === decision);
    if (!some.length) return [];
    const heading = make("h3", { className: `may__group may__group--${decision}` }, `${title} `, make("span", { className: "may__count" }, String(some.length)));
    return [heading, make("ul", { className: "may__tools" }, some.map(row))];
  });
}

function row({ name, decision, explanation, whom, sometimes }) {
  // Where one layer alone demands somebody, its line has said already who decides.
  const decided = explanation.filter((line) => line.check === "deciders").length === 1;
  const said = [...new Set(explanation.map((line) => line.text)), decided ? "" : whom, ...sometimes].filter(Boolean);
  const rows = explanation.flatMap((line) => line.sources).filter((source) => source.url);
  const links = [...new Map(rows.map((source) => [source.url, source])).values()].map(({ kind, name: label, url }) => make("a", { className: "may__row", href: url }, `${kind.replaceAll("_", " ")} ${label}`));
  return make("li", { className: `may__tool may__tool--${decision}` }, make("code", { className: "may__name" }, name), make("span", { className: "may__said" }, said.join(" ")), links);
}

customElements.define("may-do", MayDo);
