/** What a workflow's header says of its lanes (`ln`, read by lua/include/queues.lua), and which of them workers must be told of. */

import type { Plan, PlanNode } from "../workflow/plan.js";
import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import { isCommon, markedLane, readLaneName } from "./lanes.js";
import { laneOf } from "./TaskGroup.js";

/** ` p=<priority>`, then ` <task>=<queue>` for each task in another queue than the default one; undefined when there is nothing to say. */
export function lanesField(plan: Plan, priority = 0): string | undefined {
  let text = priority === 0 ? "" : ` p=${priority}`;
  for (const { index, task } of plan.nodes) if (isElsewhere(task.queue)) text += ` ${index}=${task.queue}`;
  return text === "" ? undefined : text;
}

/** The workflow's priority in such a field; undefined when it has none. */
export function priorityIn(field: string | null | undefined): number | undefined {
  const match = /^ p=(-?\d+)/.exec(field ?? "");
  return match ? Number(match[1]) : undefined;
}

/** Queues other than the default one, and how many of these tasks are in each, alternating. */
export function readyByQueue(nodes: readonly PlanNode[]): string[] {
  const counts = new Map<string, number>();
  for (const { task: { queue } } of nodes) if (isElsewhere(queue)) counts.set(queue, (counts.get(queue) ?? 0) + 1);
  return [...counts].flatMap(([queue, count]) => [queue, String(count)]);
}

const namesOf = new WeakMap<Plan, readonly string[]>();

/** Names of all lanes that a workflow of this plan and mark uses and that workers must be told of. */
export function uncommonLanesOf(plan: Plan, mark: string): readonly string[] {
  if (mark !== "") return laneNames(plan, mark);
  const known = namesOf.get(plan);
  if (known) return known;
  const names = plan.nodes.some(({ task }) => (task.priority ?? 0) !== 0) ? laneNames(plan, "") : [];
  namesOf.set(plan, names);
  return names;
}

function laneNames(plan: Plan, mark: string): string[] {
  const names = plan.nodes.flatMap((node) => (node.expansion ? (["EXPAND", "ITEMS", "COLLECT"] as const) : (["PLAIN"] as const)).map((phase) => {
    const lane = markedLane(laneOf(node, phase), mark);
    return lane.slice(0, lane.lastIndexOf("~"));
  }));
  return [...new Set(names)].filter((name) => {
    const parts = readLaneName(name);
    return parts !== undefined && !isCommon(parts);
  });
}

function isElsewhere(queue: string | undefined): queue is string {
  return queue !== undefined && queue !== DEFAULT_QUEUE;
}
