/** Addresses of tasks and groups in instances of expanded groups: enrich[3].deep[x].score. */

import type { Plan, PlanNode } from "./plan.js";

/**
 * The address of what is declared under `address`, in an instance: each expanded group on the way gets its item's identifier.
 * @param path pairs of a group's node and a position, from the outside in (2.3.4.7); absent: none
 * @param identifiers of the items, from the outside in; absent: their positions, which is what they are by default
 */
export function addressIn(plan: Plan, address: string, path: string | undefined, identifiers?: readonly string[]): string {
  if (!path) return address;
  const steps = path.split(".");
  let result = address;
  // From the inside out, so that what stands further left keeps its place.
  for (let i = steps.length - 2; i >= 0; i -= 2) {
    const group = (plan.nodes[Number(steps[i])] as PlanNode).address;
    const isInside = address === group || address.startsWith(`${group}.`);
    if (isInside) result = `${group}[${identifiers?.[i / 2] ?? steps[i + 1]}]${result.slice(group.length)}`;
  }
  return result;
}
