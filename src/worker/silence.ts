/** What a handler's call has to know of how long the handler may be silent. */

import { silence } from "../engine/deadlines.js";
import type { PlanNode } from "../workflow/plan.js";
import type { CallAbout } from "./HandlerCall.js";

export function silenceOf(node: PlanNode, address: string): Pick<CallAbout, "silence"> {
  const { heartbeatTimeoutMs: longestMs } = node.task;
  return longestMs === undefined ? {} : { silence: { longestMs, message: silence(node, address) } };
}
