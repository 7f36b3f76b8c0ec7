/** What of a workflow that is retried begins anew although it had completed, as its log tells. */

import { COMPENSATION_SUFFIX } from "../../src/workflow/compensations.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import type { Folded } from "./checkLog.js";

export type FoldedNode = Pick<PlanNode, "kind" | "address" | "needs" | "scope" | "compensates">;

/**
 * What has been compensated, or was to be, also in one of its instances; and what came after it by a key or by `after`. All are addresses
 * outside of expanded groups.
 * @param compensations that had begun
 */
export function begunAnew(nodes: readonly FoldedNode[], { tasks, skipped }: Pick<Folded, "tasks" | "skipped">, compensations: readonly string[]): ReadonlySet<string> {
  const again = new Set(compensations.map((address) => (address.split("[")[0] as string).replace(COMPENSATION_SUFFIX, "")));
  const isUpstream = (address: string): boolean => skipped.has(address) || tasks.get(address)?.errorCode === "UPSTREAM";
  const outside = nodes.filter(({ scope, compensates, address }) => scope === undefined && compensates === undefined && !isUpstream(address));
  for (let before = -1; before < again.size;) {
    before = again.size;
    for (const { address, needs } of outside) if (needs.some(({ from }) => again.has(nodes[from]?.address ?? ""))) again.add(address);
  }
  return again;
}
