// Which key presses are commands and which are typing.
export function isTyping(event) {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=radio]), textarea, select"));
}

export function isPlain(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.isComposing;
}

/** Move the focus along a list; returns whether there was somewhere to go. */
export function step(items, direction) {
  const index = items.indexOf(document.activeElement);
  const next = items[index === -1 ? (direction > 0 ? 0 : items.length - 1) : index + direction];
  next?.focus();
  return Boolean(next);
}
