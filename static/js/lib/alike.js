// Questions about exactly the same, decided together: each by the digest that is shown, each with its own outcome.
import * as api from "./api.js";
import { clone, fill, show } from "./slots.js";

/** The items that ask for exactly what this one asks for, itself included, as long as this person may decide them. */
export function alikeOf(item, items) {
  const { alike } = item.dataset;
  if (!alike || !isOpen(item)) return [item];
  return items.filter((other) => other.dataset.alike === alike && isOpen(other));
}

function isOpen(item) {
  const { about, showable, changing } = item.querySelector("approval-card").dataset;
  const mayDecide = item.dataset.status === "pending" && item.dataset.mayDecide === "true";
  return mayDecide && about === "use" && showable === "true" && !changing;
}

/** Offer what can be decided together beside an item, or nothing where it stands alone. */
export function offer(item, items) {
  const place = item.querySelector("[data-alike]");
  const group = alikeOf(item, items);
  show(place, group.length > 1);
  place.querySelector('[data-together="approve"]').disabled = group.some((each) => each.querySelector("approval-card").dataset.halted === "true");
  if (group.length < 2) return;
  fill(place, { "alike-count": `${group.length} questions`, "alike-number": group.length, "alike-number-denied": group.length });
  place.querySelector("[data-digests]").replaceChildren(...group.map(line));
}

/** Which of them it is: the digest, when it was asked, and where, for whoever may go there. */
function line(item) {
  const row = clone("alike-row-template");
  const asked = item.querySelector('[data-slot="approval-conversation"]');
  fill(row, { "alike-digest": digestOf(item).slice(0, 12), "alike-place": asked.textContent });
  row.querySelector('[data-slot="alike-digest"]').title = digestOf(item);
  row.querySelector('[data-slot="alike-place"]').href = asked.href;
  row.querySelector("relative-time").setAttribute("datetime", item.querySelector("relative-time").getAttribute("datetime"));
  show(row.querySelector("[data-alike-place]"), asked.textContent !== "");
  return row;
}

/** Send one verdict about all of them; returns what became of each, as the server tells it. */
export async function decide(verdict, group) {
  const comment = group[0].querySelector('[name="comment"]').value.trim();
  const decisions = group.map((item) => ({ approval: Number(item.dataset.item), digest: digestOf(item) }));
  const { results } = await api.post("/api/approvals/decisions", { verdict, decisions, comment });
  return results;
}

export function complain(item, words) {
  const place = item.querySelector("[data-alike-error]");
  place.textContent = words;
  show(place, Boolean(words));
}

function digestOf(item) {
  return item.querySelector("approval-card").dataset.digest;
}
