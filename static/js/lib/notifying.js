// Notifications of the browser: only after consent, only for what this person may decide, and without what would run.
const KEY = "toolroom-notify";

export function isPossible() {
  return "Notification" in globalThis && isSecureContext;
}

export function isOn() {
  return isPossible() && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";
}

export function isRefused() {
  return isPossible() && Notification.permission === "denied";
}

/** Ask the browser, and through it the person, and show the first one. Throws where a page can show none, as on most phones. */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return;
  new Notification("Notifications are on", { body: "A question that waits for you is told here.", tag: "toolroom" });
  localStorage.setItem(KEY, "on");
}

export function turnOff() {
  localStorage.removeItem(KEY);
}

export function notify({ id, about, tool, persona, requester }, event) {
  const still = event === "approval.requested" ? "" : "Still waiting: ";
  const asks = about === "answer" ? `${persona} asks you something` : `${persona} asks to use ${tool}`;
  const shown = new Notification(`${still}${asks}`, { body: requester ? `Requested by ${requester}` : "", tag: `question-${id}` });
  shown.onclick = () => {
    focus();
    location.assign(`/inbox/?question=${id}`);
  };
}
