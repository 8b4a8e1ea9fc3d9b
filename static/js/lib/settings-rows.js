// The tables of a settings form: pairs of texts, one row for each parameter, or several objects of a kind.
import { button, choice, complain, input, make } from "./build.js";
import { get, isObject, set } from "./json-path.js";
import { escaped } from "./json-text.js";

const BUILDERS = { pairs, placements, several };

/** A table for a field of `view`; each control is told to `remember` with the pointer it stands for. */
export function rowsOf(view, field, found, remember) {
  const title = make("span", { className: "made-label" }, field.label);
  const help = field.help ? make("p", { className: "made-help" }, field.help) : null;
  const table = make("div", { className: "made-rows" });
  const error = make("span", { className: "made-error", hidden: true });
  const place = make("div", { className: "made-field made-field--wide", role: "group", "aria-label": field.label }, title, help, table, error);
  remember(field.at, table);
  BUILDERS[field.kind]({ view, field, table, remember }, found);
  return place;
}

function row(cells, remove) {
  return make("div", { className: "made-row" }, cells, remove);
}

function cell(at, control, label, { view, remember }) {
  control.setAttribute("aria-label", label);
  control.disabled ||= view.editor.isReadOnly;
  if (at) remember(at, control);
  return make("div", { className: "made-cell" }, control, make("span", { className: "made-error", hidden: true }));
}

const drop = (label, act, { view }) =>
  view.editor.isReadOnly ? null : button("Remove", act, { className: "made-button made-button--small", "aria-label": `Remove ${label}` });

const adding = (label, act, { view }) => (view.editor.isReadOnly ? null : button(label, act, { className: "made-button made-button--small" }));

/** Names and texts. A name that is empty or there twice is not written, and stays in its row until it is mended. */
function pairs(table, found) {
  const { view, field } = table;
  const rows = Object.entries(found ?? {});
  const commit = () => {
    const made = {};
    for (const [name, text] of rows) if (name !== "" && !(name in made)) made[name] = text;
    view.commit((value) => set(value, field.at, Object.keys(made).length ? made : undefined));
  };
  const show = (focus) => {
    table.table.replaceChildren(...rows.map((_, at) => one(at)), ...[adding(field.add ?? "Add", () => (rows.push(["", ""]), show(rows.length - 1)), table)].filter(Boolean));
    if (focus !== undefined) table.table.children[focus]?.querySelector("input")?.focus();
  };
  const one = (at) => {
    const [name, text] = rows[at];
    const key = input(name, { placeholder: field.columns[0] });
    const value = field.choices ? choice(text, field.choices) : input(text, { placeholder: field.columns[1] });
    key.addEventListener("input", () => {
      rows[at][0] = key.value;
      const isTwice = rows.some(([other], index) => index !== at && other === key.value);
      complain(key, isTwice ? "This is there twice." : key.value === "" ? "It needs a name." : "");
      commit();
    });
    value.addEventListener("input", () => ((rows[at][1] = value.value), commit()));
    const here = name ? `${field.at}/${escaped(name)}` : "";
    const cells = [cell("", key, field.columns[0], table), cell(here, value, field.columns[1], table)];
    return row(cells, drop(name || "this row", () => (rows.splice(at, 1), commit(), show()), table));
  };
  show();
}

/** Where each parameter goes. One in the path of the address is there already, and goes nowhere else. */
function placements(table, found) {
  const { view, field } = table;
  const given = found ?? {};
  const address = String(get(view.value ?? {}, field.address) ?? "");
  const parameters = view.parameters;
  const names = [...parameters, ...Object.keys(given).filter((name) => !parameters.includes(name))];
  const one = (name) => {
    const at = `${field.at}/${escaped(name)}`;
    const title = make("code", { className: "made-name" }, name);
    if (address.includes(`{${name}}`) && given[name] === undefined)
      return row([make("div", { className: "made-cell" }, title), make("div", { className: "made-cell made-name made-help" }, "stands in the address")], null);
    const stray = parameters.includes(name) ? null : drop(name, () => view.commit((value) => set(value, at, undefined)) ?? view.refresh({ force: true }), table);
    const columns = field.columns.filter((column) => isMeant(column, given[name])).map((column) => placed(table, column, { at, name, placement: given[name] }));
    return row([make("div", { className: "made-cell" }, title), ...columns], stray);
  };
  table.table.replaceChildren(...names.map(one));
  if (!names.length) table.table.append(make("p", { className: "made-help" }, "It has no parameters yet."));
}

/** Whether a column says anything about a parameter at its place; what is set is shown wherever it is. */
function isMeant(column, placement) {
  const now = typeof placement === "string" ? { in: placement } : (placement ?? {});
  return !column.places || column.places.includes(now.in) || now[column.key] !== undefined;
}

function placed(table, column, { at, name, placement }) {
  const { view } = table;
  const now = typeof placement === "string" ? { in: placement } : (placement ?? {});
  const control = column.choices ? choice(now[column.key], column.choices) : input(now[column.key], { placeholder: column.label });
  const isPlace = column.key === "in";
  control.addEventListener("input", () => {
    view.commit((value) => {
      const before = get(value, at);
      const made = typeof before === "string" ? { in: before } : isObject(before) ? before : {};
      if (control.value === "") delete made[column.key];
      else made[column.key] = control.value;
      const short = Object.keys(made).length === 1 && made.in !== undefined ? made.in : made;
      set(value, at, Object.keys(made).length ? short : undefined);
    });
    if (isPlace) view.refresh({ force: true });
  });
  return cell(isPlace ? at : `${at}/${column.key}`, control, `${column.label} of ${name}`, table);
}

/** Objects of one kind; a single one is written without the list. */
function several(table, found) {
  const { view, field } = table;
  const wasList = Array.isArray(found);
  const rows = (wasList ? found : found ? [found] : []).map((each) => ({ ...each }));
  const commit = () => {
    const made = rows.length > 1 || (wasList && rows.length) ? rows : rows[0];
    view.commit((value) => set(value, field.at, made));
  };
  const place = (index, key) => (rows.length > 1 || wasList ? `${field.at}/${index}/${key}` : `${field.at}/${key}`);
  const show = () => {
    table.table.replaceChildren(
      ...rows.map((_, at) => one(at)),
      ...[adding(field.add ?? "Add", () => (rows.push({ ...field.fresh }), commit(), show()), table)].filter(Boolean),
    );
  };
  const one = (index) => {
    const cells = field.columns.map((column) => {
      const now = rows[index][column.key];
      const choices = column.secret ? view.secretChoices : column.choices;
      const control = choices ? choice(now, choices) : input(now, { placeholder: column.label });
      control.addEventListener("input", () => {
        if (control.value === "") delete rows[index][column.key];
        else rows[index][column.key] = control.value;
        commit();
        if (column.key === field.decides) show();
      });
      const made = cell(place(index, column.key), control, column.label, table);
      made.hidden = Boolean(column.when) && !column.when.includes(rows[index][field.decides]) && now === undefined;
      return made;
    });
    return row(cells, drop(rows[index][field.decides] ?? "this row", () => (rows.splice(index, 1), commit(), show()), table));
  };
  show();
}
