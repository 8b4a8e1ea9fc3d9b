// Finding one's way in the lines and tokens of a text, without looking at all of them.
export const KINDS = { text: "text", number: "number", word: "word", broken: "wrong" };

/** The offset of the bracket that belongs to the one at this offset. */
export function partner(tokens, at) {
  const index = firstFrom(tokens, at);
  const way = "{[".includes(tokens[index].kind) ? 1 : -1;
  let depth = 0;
  for (let next = index; next >= 0 && next < tokens.length; next += way) {
    if ("{[".includes(tokens[next].kind)) depth += way;
    else if ("}]".includes(tokens[next].kind)) depth -= way;
    if (depth === 0) return tokens[next].at;
  }
  return undefined;
}

/** The index of the first token that stands at this offset or after it. */
export function firstFrom(tokens, at) {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle].at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function startsOf(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
