// Reading and changing one place of a JSON value by its pointer. What is not named stays as it is.
const steps = (pointer) =>
  pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

export function get(value, pointer) {
  return steps(pointer).reduce((found, step) => (isObject(found) || Array.isArray(found) ? found[step] : undefined), value);
}

/** Whether the place can be written without overwriting something of another kind on the way to it. */
export function isOpen(value, pointer) {
  let found = value;
  for (const step of steps(pointer).slice(0, -1)) {
    found = found[step];
    if (found === undefined) return true;
    if (!isObject(found)) return false;
  }
  return true;
}

/** Set a place, or take it away with `undefined`; objects that become empty on the way go with it. */
export function set(value, pointer, wanted) {
  const path = steps(pointer);
  const parents = [value];
  for (const step of path.slice(0, -1)) {
    const parent = parents.at(-1);
    if (!isObject(parent[step])) {
      if (wanted === undefined) return;
      parent[step] = {};
    }
    parents.push(parent[step]);
  }
  if (wanted !== undefined) {
    parents.at(-1)[path.at(-1)] = wanted;
    return;
  }
  delete parents.at(-1)[path.at(-1)];
  for (let at = parents.length - 1; at > 0 && !Object.keys(parents[at]).length; at -= 1) delete parents[at - 1][path[at - 1]];
}
