// Who has to approve a use, and who has said what so far.
import { clone, fill } from "../lib/slots.js";

export class ApprovalBallot extends HTMLElement {
  show({ needs = "", votes = [] }) {
    this.hidden = needs === "";
    fill(this, { "ballot-needs": needs });
    this.querySelector("[data-votes]").replaceChildren(
      ...votes.map((vote) => {
        const row = clone("vote-template");
        row.dataset.vote = vote.verdict;
        fill(row, { "vote-by": vote.by, "vote-comment": vote.comment });
        return row;
      }),
    );
  }
}

customElements.define("approval-ballot", ApprovalBallot);
