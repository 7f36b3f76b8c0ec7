/** Puts the identifiers of items into the addresses of events from instances of expanded groups. */

import { addressIn } from "../workflow/addresses.js";
import type { WorkflowEvent } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";

type Placed = Extract<WorkflowEvent, { path?: string }>;

/** Where groups name their items by position, which is the default, the addresses are right already. */
export async function nameInstances(
  source: { instanceIdentifier(workflowId: string, path: string): Promise<string | undefined> }, workflowId: string, plan: Plan, events: readonly WorkflowEvent[],
): Promise<void> {
  const names = new Map<string, Promise<string>>();
  const nameOf = (path: string, position: string): Promise<string> => {
    let name = names.get(path);
    if (!name) names.set(path, (name = source.instanceIdentifier(workflowId, path).then((identifier) => identifier ?? position)));
    return name;
  };
  for (const event of events) {
    if (!isPlaced(event) || event.path === undefined || !hasNames(plan, event.path)) continue;
    const steps = event.path.split(".");
    const identifiers = await Promise.all(steps.flatMap((step, i) => (i % 2 === 1 ? [nameOf(steps.slice(0, i + 1).join("."), step)] : [])));
    rename(plan, event, identifiers);
  }
}

function isPlaced(event: WorkflowEvent): event is Placed {
  return event.kind === "task" || event.kind === "group";
}

function hasNames(plan: Plan, path: string): boolean {
  return path.split(".").some((step, i) => i % 2 === 0 && plan.nodes[Number(step)]?.expansion?.identifier !== undefined);
}

function rename(plan: Plan, event: Placed, identifiers: readonly string[]): void {
  const { path } = event;
  const named = (address: string): string => addressIn(plan, unplaced(address, path as string), path, identifiers);
  if (event.kind === "group") event.group = named(event.group);
  else event.task = named(event.task);
}

/** The declared address: without the positions that stand in it. */
function unplaced(address: string, path: string): string {
  return path.split(".").reduce((text, step, i) => (i % 2 === 1 ? text.replace(`[${step}]`, "") : text), address);
}
