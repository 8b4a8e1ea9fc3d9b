// What people changed of the arguments a model gave: the former value, and the one that runs.
import { clone, fill, show } from "../lib/slots.js";

export class ChangedArguments extends HTMLElement {
  /** `item` is a question or a call; without changes nothing is shown. */
  show({ changes = [], edited_by: by = "" }) {
    this.hidden = changes.length === 0;
    fill(this, { "changes-by": by });
    this.querySelector("[data-changes]").replaceChildren(...changes.map(drawn));
  }
}

function drawn({ name, was, now }) {
  const row = clone("change-template");
  fill(row, { "change-name": name, "change-was": was, "change-now": now });
  show(row.querySelector('[data-slot="change-was"]'), was !== null);
  show(row.querySelector('[data-slot="change-now"]'), now !== null);
  show(row.querySelector("[data-gone]"), now === null);
  return row;
}

customElements.define("changed-arguments", ChangedArguments);
