// On an approval card: what was read outside, which private data is at hand, and where this use could take it.
import { fill } from "../lib/slots.js";

export class InformationFlow extends HTMLElement {
  /** Show what came together; hidden where nothing did. */
  show(flow) {
    this.hidden = !flow;
    fill(this, { "flow-read": flow?.read ?? "", "flow-private": flow?.private ?? "", "flow-way-out": flow?.way_out ?? "" });
  }
}

customElements.define("information-flow", InformationFlow);
