// One question in the inbox: a line, and the card it opens to.
import { clone, fill } from "./slots.js";

const ENDED = {
  use: { approved: "Approved", consumed: "Approved", denied: "Denied" },
  outcome: { approved: "Went on", denied: "Stopped" },
  answer: { approved: "Answered", consumed: "Answered", denied: "Not answered" },
};
const ENDED_ALIKE = { expired: "Expired", cancelled: "Withdrawn" };

export function made(approval) {
  const item = clone("inbox-item-template");
  write(item, approval);
  return item;
}

export function write(item, approval) {
  item.dataset.item = approval.id;
  item.dataset.alike = approval.alike ?? "";
  fill(item, {
    "item-tool": approval.tool,
    "item-title": approval.about === "answer" ? approval.form?.question : approval.card[0]?.value,
    "item-place": approval.conversation_title,
    "item-requester": approval.requester,
    "item-persona": approval.persona,
  });
  item.querySelector("relative-time").setAttribute("datetime", approval.created_at);
  item.querySelector("count-down").dataset.until = approval.expires_at;
  cardOf(item).show(approval);
  settle(item);
}

/** Let the line say what its card says: the verdict of another person arrives there. */
export function settle(item) {
  const { status, about, dangerous, taint, mayDecide, responded } = cardOf(item).dataset;
  Object.assign(item.dataset, { status, dangerous, outside: taint, mayDecide, responded });
  const isInPlace = responded === "true" && status === "denied";
  const isVoid = status === "superseded";
  const ended = isVoid ? cardOf(item).querySelector('[data-slot="approval-void"]').textContent : isInPlace ? "Answered" : (ENDED[about]?.[status] ?? ENDED_ALIKE[status] ?? "");
  const by = cardOf(item).querySelector('[data-slot="approval-by"]').textContent.trim();
  fill(item, { "item-state": ended && by ? `${ended} by ${by}` : ended });
}

export function cardOf(item) {
  return item.querySelector("approval-card");
}

export function lineOf(item) {
  return item.querySelector("[data-toggle]");
}

export function isOpen(item) {
  return lineOf(item).getAttribute("aria-expanded") === "true";
}

export function open(item) {
  setOpen(item, true);
  cardOf(item).hold();
  cardOf(item).focus({ preventScroll: true });
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  item.scrollIntoView({ block: "nearest", behavior });
}

export function close(item) {
  setOpen(item, false);
}

function setOpen(item, isShown) {
  lineOf(item).setAttribute("aria-expanded", String(isShown));
  item.toggleAttribute("data-open", isShown);
  item.querySelector("[data-card]").hidden = !isShown;
}
