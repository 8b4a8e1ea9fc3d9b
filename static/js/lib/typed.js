// What is typed in the forms of a tool, a rule and a persona's grants, saved or not, as the API takes it.
// How each field of these forms is read; a field that is not on the page is left out.
const LINES = ["for_tools", "for_categories"];
const TICKED = ["for_executors", "for_flags", "approver_groups"];
const FLAGS = ["enabled", "forbids", "requires_approval", "enabled_for_agent", "always_on", "allow_use", "waives_approval"];
const NUMBERS = ["order_index", "usage_limit", "person_daily_limit", "daily_limit", "approvals_needed"];
const RULES = ["denied_parameters", "allowed_parameters", "ask_when", "parameter_defaults", "fixed_parameters"];
const TEXTS = ["name", "reason", "message", "approver"];

// What of a tool's form is policy and not part of what a model sees, which the bench beside it reads.
const OF_TOOLS = new Set(["enabled", ...RULES, "approver", "approvals_needed", "approver_groups", "person_daily_limit", "daily_limit"]);

/** The fields of a form whose ids begin like this, as the API takes them. Throws SyntaxError for JSON that is none. */
export function read(prefix) {
  const found = {};
  const take = (names, reading) => {
    for (const name of names) {
      const control = document.getElementById(`${prefix}${name}`);
      if (control) found[name] = reading(control);
    }
  };
  take(FLAGS, (control) => control.checked);
  take(LINES, (control) => control.value.split("\n").map((line) => line.trim()).filter(Boolean));
  take(NUMBERS, (control) => (control.value === "" ? null : Number(control.value)));
  take(RULES, (control) => (control.value.trim() === "" ? null : JSON.parse(control.value)));
  take(TEXTS, (control) => control.value);
  for (const name of TICKED) {
    const boxes = document.getElementsByName(`${prefix.replace(/^id_/, "")}${name}`);
    if (boxes.length) found[name] = [...boxes].filter((each) => each.checked).map((each) => each.value);
  }
  return found;
}

/** The tool whose page this is, as it is typed; null while one of its boxes cannot be read. */
export function tool() {
  const seen = document.querySelector("tool-bench")?.values ?? null;
  const policy = Object.entries(read("id_")).filter(([name]) => OF_TOOLS.has(name));
  return seen && { ...seen, ...Object.fromEntries(policy) };
}

/** Where in the page each tool's grant is typed: the id of the tool, and how the ids of its fields begin. */
export function grants() {
  const chosen = document.querySelectorAll('select[name^="grants-"][name$="-tool"]');
  const rows = [...chosen].filter((each) => each.value && !each.name.includes("__prefix__"));
  return Object.fromEntries(rows.map((each) => [each.value, each.id.replace(/tool$/, "")]));
}

/** What these tools are called on the page. */
export function named(ids) {
  const options = [...document.querySelectorAll('select[name^="grants-"][name$="-tool"] option')];
  return ids.map((id) => [id, options.find((each) => each.value === id)?.textContent.trim() || `#${id}`]);
}
