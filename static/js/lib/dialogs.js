// Asks one question in a modal dialog and gives the focus back afterwards.
import { clone, fill } from "./slots.js";

/** Returns the form's data, or null when the person thought better of it. */
export function ask(templateId, { values = {}, slots = {} } = {}) {
  const dialog = clone(templateId);
  const form = dialog.querySelector("form");
  fill(dialog, slots);
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-dialog-close]")) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input")?.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? new FormData(form) : null);
      dialog.remove();
    });
  });
}
