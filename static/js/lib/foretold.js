// What the gate says to a use, as panels show it: the decision, each step with the row of its rule, and what would run.
import { make } from "./build.js";
import { write } from "./json-text.js";

export const DECISIONS = {
  allow: "It would run at once.",
  ask: "It would ask a person first.",
  refuse: "It would be refused.",
};

/** The parts of an answer; `heading` says the decision, `more` comes beneath the model's message. */
export function foretold(told, { heading = DECISIONS[told.decision], more = null } = {}) {
  const rows = Object.entries(told.arguments).map(([name, value]) =>
    make("li", {}, make("code", {}, name), told.filled.includes(name) ? " (filled in by policy): " : ": ", make("span", { className: "try__value" }, typeof value === "string" ? value : write(value))),
  );
  return [
    make("p", { className: `try__verdict try__verdict--${told.decision}` }, heading),
    told.message ? make("p", {}, told.message) : null,
    more,
    make("ol", { className: "try__steps" }, told.explanation.map((line) => make("li", { className: `try__step try__step--${line.outcome}` }, make("strong", {}, line.title), ` ${line.text}`, line.sources.flatMap(chip)))),
    told.reach ? make("p", {}, "It goes to ", make("code", {}, told.reach)) : null,
    rows.length ? make("details", {}, make("summary", {}, "The arguments as they would run"), make("ul", {}, rows)) : null,
    told.preview ? make("details", {}, make("summary", {}, "What it would change"), make("pre", { className: "bench__seen" }, told.preview)) : null,
  ].filter(Boolean);
}

/** What is wrong with which field, where what is typed could not even be saved. */
export function wrongIn(error) {
  const listed = Object.entries(error.details).filter(([, told]) => Array.isArray(told));
  return [error.message, ...listed.map(([name, told]) => `${name ? `${name}: ` : ""}${told.join(" ")}`)].join(" ");
}

/** What a call could look like: something for each parameter that is required. */
export function sketch(schema) {
  return Object.fromEntries((schema.required ?? []).map((name) => [name, standIn(schema.properties?.[name] ?? {})]));
}

function standIn(spec) {
  if (spec.default !== undefined) return spec.default;
  if (Array.isArray(spec.enum)) return spec.enum[0];
  const type = Array.isArray(spec.type) ? spec.type[0] : spec.type;
  return { integer: spec.minimum ?? 1, number: spec.minimum ?? 1, boolean: true, array: [], object: {} }[type] ?? "example";
}

/** The row a rule stands in, with a way to it. */
function chip({ kind, name, url }) {
  const label = `${kind.replaceAll("_", " ")} ${name}`;
  return [" ", url ? make("a", { className: "row-chip", href: url }, label) : make("span", { className: "row-chip" }, label)];
}
