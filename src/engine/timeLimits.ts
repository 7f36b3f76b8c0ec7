/** The limits of a plan as the store keeps them (lua/include/limits.lua): how long things may take, and how much runs at once. */

import type { Plan, PlanGroup, PlanNode } from "../workflow/plan.js";
import { laneOf } from "./TaskGroup.js";

/** A group that limits how many of its tasks run at once, and how many expanded groups it stands in. */
export interface LimitedGroup { readonly index: number; readonly depth: number; readonly maxParallel: number }

/** Fields beside the definition, name and value alternating; none when the plan has no limits. */
export interface PlanLimits {
  /** A letter per kind: t total times, b heartbeats, g groups' timeouts, p places, w the workflow's timeout. */
  readonly kinds: string;
  readonly fields: readonly string[];
}

const known = new WeakMap<Plan, PlanLimits>();

export function limitsOf(plan: Plan): PlanLimits {
  let limits = known.get(plan);
  if (!limits) known.set(plan, (limits = compile(plan)));
  return limits;
}

function compile(plan: Plan): PlanLimits {
  const kinds = new Set<string>();
  const fields: string[] = [];
  const add = (kind: string, name: number | "", value: number | string | undefined): void => {
    if (value === undefined || value === "") return;
    kinds.add(kind);
    fields.push(`l${kind}${name}`, String(value));
  };
  add("w", "", plan.definition.timeoutMs);
  // The timeout of an expanded group is the total one of its node.
  for (const group of plan.groups) if (group.node === undefined) add("g", group.index, group.timeoutMs);
  for (const node of plan.nodes) {
    add("t", node.index, node.task.totalTimeoutMs);
    add("b", node.index, node.task.heartbeatTimeoutMs);
    // What undoes a task runs when all else has ended.
    if (node.compensates === undefined) add("p", node.index, limitedAround(plan, node).map(({ index, depth, maxParallel }) => `${index}:${depth} ${maxParallel}`).join(" "));
  }
  return { kinds: [...kinds].join(""), fields };
}

/** The groups around a task that say how much of them runs at once, outermost first, those around its scope among them. */
export function limitedAround(plan: Plan, node: PlanNode): LimitedGroup[] {
  const owner = plan.scopes.get(node.scope)?.owner;
  const outside = owner ? limitedAround(plan, owner) : [];
  const depth = depthOf(plan, node);
  const own = node.groupChain === "" ? [] : node.groupChain.split(".").map((text) => plan.groups[Number(text)] as PlanGroup);
  return [...outside, ...own.flatMap(({ index, maxParallel, node: expanded }) => {
    // The expanded group itself stands one scope further out than what is in its instances.
    return maxParallel === undefined ? [] : [{ index, maxParallel, depth: expanded === undefined ? depth : depth - 1 }];
  })];
}

/** How many expanded groups it stands in. */
function depthOf(plan: Plan, node: PlanNode): number {
  const owner = plan.scopes.get(node.scope)?.owner;
  return owner ? depthOf(plan, owner) + 1 : 0;
}

/** The tightest of them; undefined: none. */
export function placesAround(plan: Plan, node: PlanNode): number | undefined {
  const limits = limitedAround(plan, node).map(({ maxParallel }) => maxParallel);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** What a workflow begins with, as the store would have made it of its first tasks one by one. */
export interface FirstPlaces {
  /** Of the workflow's hash, name and value alternating. */
  fields: string[];
  /** Group and entry of each task that is held, alternating. */
  held: string[];
  isHeld(node: PlanNode): boolean;
}

export function firstPlaces(plan: Plan, initial: readonly PlanNode[]): FirstPlaces {
  const taken = new Map<number, number>();
  const held = new Map<PlanNode, number>();
  const holding = new Set<number>();
  for (const node of limitsOf(plan).kinds.includes("p") ? initial : []) {
    const around = node.expansion ? [] : limitedAround(plan, node);
    const innermost = around.at(-1);
    if (!innermost) continue;
    // Who comes after somebody that is held waits too, as it does later on.
    if (holding.has(innermost.index) || around.some(({ index, maxParallel }) => (taken.get(index) ?? 0) >= maxParallel)) {
      held.set(node, innermost.index);
      holding.add(innermost.index);
    } else for (const { index } of around) taken.set(index, (taken.get(index) ?? 0) + 1);
  }
  const fields = [...taken].flatMap(([group, count]) => [`c${group}`, String(count)]);
  if (held.size > 0) fields.push("cw", [...holding].join(" "));
  return {
    fields,
    held: [...held].flatMap(([node, group]) => [String(group), `${node.index} 1 ${laneOf(node, "PLAIN")}`]),
    isHeld: (node) => held.has(node),
  };
}

/** The deadlines that begin with the submission: subject and length in ms, alternating. @param started indexes of groups */
export function firstDeadlines(plan: Plan, initial: readonly PlanNode[], started: Iterable<number>): (string | number)[] {
  const { definition, groups } = plan;
  const deadlines: (string | number)[] = [];
  if (definition.timeoutMs !== undefined) deadlines.push("w", definition.timeoutMs);
  for (const index of started) {
    const timeoutMs = groups[index]?.timeoutMs;
    if (timeoutMs !== undefined) deadlines.push(`g${index}`, timeoutMs);
  }
  for (const { index, task } of initial) if (task.totalTimeoutMs !== undefined) deadlines.push(`t${index}`, task.totalTimeoutMs);
  return deadlines;
}
