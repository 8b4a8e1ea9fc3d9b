// What was typed but not yet accepted by the server, kept in this browser.
const PREFIX = "toolroom.draft.";

export function readDraft(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(key, text) {
  try {
    if (text.trim()) localStorage.setItem(PREFIX + key, text);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // Storage is full or refused: the text is still in the field.
  }
}
