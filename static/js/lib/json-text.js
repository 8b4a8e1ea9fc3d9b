// JSON as people write it: its tokens, its value, where each part of it stands, and the first thing that is wrong.
// Stricter than JSON.parse: a name used twice and a number that would be changed are told, not passed over.
const TOKEN =
  /[ \t\r\n]+|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.])|(?:true|false|null)(?!\w)|[{}[\],:]|"[^\n]*|[^\s{}[\],:"]+|[^]/y;
const DEEPEST = 64;

export const escaped = (step) => String(step).replaceAll("~", "~0").replaceAll("/", "~1");

/** `{tokens, value, places, problem, exact}`; the value is undefined where there is a problem. */
export function read(text) {
  const tokens = lexed(text);
  const reader = new Reader(text, tokens);
  try {
    const value = reader.whole();
    return { tokens, value, places: reader.places, problem: null, exact: reader.exact };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { tokens, value: undefined, places: reader.places, problem: { at: error.at, message: error.message }, exact: true };
  }
}

/** Line and column of an offset, both from 1. */
export function lineOf(text, at) {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

/** Where a JSON Pointer stands; the nearest part around it where it is not there itself. */
export function placeOf(places, pointer) {
  let wanted = pointer === "/" ? "" : pointer;
  while (!places.has(wanted) && wanted) wanted = wanted.slice(0, wanted.lastIndexOf("/"));
  return places.get(wanted) ?? 0;
}

export const write = (value) => JSON.stringify(value, null, 2);

class Wrong extends Error {
  constructor(at, message) {
    super(message);
    this.at = at;
  }
}

function lexed(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  for (let found; TOKEN.lastIndex < text.length && (found = TOKEN.exec(text)); ) {
    const [word] = found;
    if (word.trim()) tokens.push({ at: found.index, word, kind: kindOf(word) });
  }
  return tokens;
}

function kindOf(word) {
  if ("{}[],:".includes(word)) return word;
  if (word[0] === '"') return word.length > 1 && word.endsWith('"') && isText(word) ? "text" : "broken";
  if (word === "true" || word === "false" || word === "null") return "word";
  return /^-?[0-9]/.test(word) && !Number.isNaN(Number(word)) && !/^-?0[0-9]/.test(word) ? "number" : "broken";
}

function isText(word) {
  try {
    return typeof JSON.parse(word) === "string";
  } catch {
    return false;
  }
}

class Reader {
  places = new Map();
  exact = true;
  #text;
  #tokens;
  #next = 0;

  constructor(text, tokens) {
    this.#text = text;
    this.#tokens = tokens;
  }

  whole() {
    const value = this.#value("", 0);
    if (this.#token) throw new Wrong(this.#token.at, "There is more after the end.");
    return value;
  }

  get #token() {
    return this.#tokens[this.#next];
  }

  #take(kind, told) {
    const token = this.#token;
    if (token?.kind !== kind) throw new Wrong(token ? token.at : this.#text.length, told);
    this.#next += 1;
    return token;
  }

  #value(pointer, depth) {
    const token = this.#token;
    if (!token) throw new Wrong(this.#text.length, "Something is missing at the end.");
    if (depth > DEEPEST) throw new Wrong(token.at, "Nested too deeply.");
    if (!this.places.has(pointer)) this.places.set(pointer, token.at);
    if (token.kind === "{") return this.#object(pointer, depth);
    if (token.kind === "[") return this.#list(pointer, depth);
    if (token.kind === "broken") throw new Wrong(token.at, brokenText(token.word));
    if (!["text", "word", "number"].includes(token.kind)) throw new Wrong(token.at, "A value is missing here.");
    this.#next += 1;
    const value = JSON.parse(token.word);
    if (typeof value === "number" && (!Number.isFinite(value) || (/^-?[0-9]+$/.test(token.word) && !Number.isSafeInteger(value)))) this.exact = false;
    return value;
  }

  #object(pointer, depth) {
    this.#take("{");
    // Without a prototype: a name such as __proto__ is a name like any other.
    const made = Object.create(null);
    while (this.#token?.kind !== "}") {
      const name = this.#take("text", "A name in double quotes belongs here.");
      const key = JSON.parse(name.word);
      if (key in made) throw new Wrong(name.at, `“${key}” is used twice.`);
      const below = `${pointer}/${escaped(key)}`;
      this.places.set(below, name.at);
      this.#take(":", "A colon belongs after the name.");
      made[key] = this.#value(below, depth + 1);
      if (!this.#goesOn("}")) break;
    }
    this.#take("}", "A comma or } belongs here.");
    return made;
  }

  #list(pointer, depth) {
    this.#take("[");
    const made = [];
    while (this.#token?.kind !== "]") {
      made.push(this.#value(`${pointer}/${made.length}`, depth + 1));
      if (!this.#goesOn("]")) break;
    }
    this.#take("]", "A comma or ] belongs here.");
    return made;
  }

  #goesOn(end) {
    if (this.#token?.kind !== ",") return false;
    const comma = this.#take(",");
    if (this.#token?.kind === end) throw new Wrong(comma.at, "There is a comma too many.");
    return true;
  }
}

function brokenText(word) {
  if (word[0] === '"') return "This text does not end on its line, or has a sign that must be escaped.";
  if (word[0] === "'") return "Texts stand in double quotes.";
  return `“${word.slice(0, 30)}” is neither a text in quotes, a number, true, false nor null.`;
}
