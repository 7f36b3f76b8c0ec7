/** How the tasks of a plan follow one another: which lane a unit waits in, and what the end of a task releases or skips. */

import type { Plan, PlanGroup, PlanNode, PlanScope } from "../workflow/plan.js";
import { isBuiltInExpander } from "../workflow/builtInExpanders.js";
import { laneName } from "./lanes.js";
import type { Phase } from "./ports.js";

/** The lane of units that only evaluate expressions (finding items, collecting outputs); every engine process serves it. */
export const PLAN_LANE = "$plan";
export const PLAN_LANE_REF = `${PLAN_LANE}~0`;

/**
 * How a task ended, as far as its dependents care. IGNORED: failed under IGNORE. CONDITION: skipped by its own condition.
 * MISSING: skipped because no writer of a key that it reads, and that has a reducer, delivered anything.
 */
export type TaskEnd = "COMPLETED" | "CONDITION" | "MISSING" | "IGNORED" | "FAILED";

/**
 * `name~timeoutMs`: the lane's name (see lanes.ts) and what an attempt that is claimed from it may take (0: no limit). The
 * priority of the workflow is no part of it: scripts add it.
 */
export function laneOf(node: PlanNode, phase: Phase): string {
  const { handler, queue, priority, timeoutMs } = node.task;
  if (phase === "EXPAND" || phase === "COLLECT") return `${laneName(phase === "EXPAND" ? planLaneOf(node) : PLAN_LANE, undefined, priority)}~0`;
  return `${laneName(handler, queue, priority)}~${timeoutMs ?? 0}`;
}

/** The lane where the items of its tasks are found by an expander that only some processes have. */
export function expanderLane(expander: string): string {
  return `$expand:${expander}`;
}

function planLaneOf({ expansion }: PlanNode): string {
  const expander = expansion?.custom?.expander;
  return expander === undefined || isBuiltInExpander(expander) ? PLAN_LANE : expanderLane(expander);
}

/** For resumeWorkflow: the lane of the task's handler and, if they are not the plan's, those where its items are found and its output is collected. */
export function lanesOf(node: PlanNode): string {
  const expand = laneOf(node, "EXPAND");
  const collect = laneOf(node, "COLLECT");
  const own = laneOf(node, "ITEMS");
  return expand === PLAN_LANE_REF && collect === PLAN_LANE_REF ? own : `${own} ${expand} ${collect}`;
}

/** For retryWorkflow: the lane of its items, the one where its output is collected, and what the workflow may owe once there are items. */
export function itemLanesOf(plan: Plan, node: PlanNode): string {
  const owed = TaskGroup.mayOwe(plan, node);
  return [laneOf(node, "ITEMS"), laneOf(node, "COLLECT"), ...(owed === undefined ? [] : [owed])].join(" ");
}

/** The phase that a task starts in. */
export function firstPhase(node: PlanNode): Phase {
  return node.expansion ? "EXPAND" : "PLAIN";
}

/** Static routing of a plan's tasks, worked out once per plan and end. */
export class TaskGroup {
  static readonly #routes = new WeakMap<Plan, Map<string, string>>();

  /**
   * What the store follows when a task ends: `d` counts one dependency of a task down, `s` skips a task that can never
   * start now, `m` counts down for those that can do without a task that was just skipped, `c` owes the compensation of
   * a task.
   * @param missingKeys optional result keys that the task did not write
   */
  static route(plan: Plan, node: PlanNode, end: TaskEnd, missingKeys: readonly string[] = []): string {
    if (missingKeys.length > 0) return compile(plan, node, end, missingKeys);
    let routes = this.#routes.get(plan);
    if (!routes) this.#routes.set(plan, (routes = new Map()));
    const name = `${end} ${node.index}`;
    let route = routes.get(name);
    if (route === undefined) routes.set(name, (route = compile(plan, node, end, missingKeys)));
    return route;
  }

  static readonly #cuts = new WeakMap<Plan, Map<number, readonly string[]>>();

  /**
   * What is stopped with a group: of each task in it and in the groups inside, its index (an expanded group's with a `g` before it),
   * the groups around it, what its end releases or skips, and an empty error. The store leaves out those that have ended. Of
   * an expanded group it is what stands in one of its instances.
   */
  static cuts(plan: Plan, group: number): readonly string[] {
    let cuts = this.#cuts.get(plan);
    if (!cuts) this.#cuts.set(plan, (cuts = new Map()));
    let tasks = cuts.get(group);
    if (!tasks) {
      tasks = tasksInside(plan, group).flatMap((node) => [nodeName(node), node.groupChain, this.route(plan, node, "FAILED"), ""]);
      cuts.set(group, tasks);
    }
    return tasks;
  }

  /**
   * What the store follows when tasks can never run, as of `route`.
   * @param doomed each with the task whose fault that is
   * @param skipped takes them, and what cannot do without them
   */
  static skips(plan: Plan, doomed: ReadonlyMap<number, number>, skipped = new Set<number>()): string[] {
    const tokens: string[] = [];
    for (const [index, cause] of doomed) {
      const left = [plan.nodes[index] as PlanNode];
      for (let next = left.shift(); next; next = left.shift()) tokens.push(...skip(plan, next, cause, skipped, left));
    }
    return tokens;
  }

  /** The compensation of a task that has one, and how it begins. */
  static owed(plan: Plan, node: PlanNode): { compensation: number; lane: string; phase: "x" | "p" } | undefined {
    const compensation = node.compensation === undefined ? undefined : plan.nodes[node.compensation];
    if (!compensation) return undefined;
    const phase = firstPhase(compensation);
    return { compensation: compensation.index, lane: laneOf(compensation, phase), phase: phase === "EXPAND" ? "x" : "p" };
  }

  /** As the store keeps it of a task that has been expanded and has not ended. */
  static mayOwe(plan: Plan, node: PlanNode): string | undefined {
    const owed = TaskGroup.owed(plan, node);
    return owed && `${owed.compensation}/${owed.lane}/${owed.phase}`;
  }

  /** Tasks that can start at once. @param missing external keys without a value */
  static initial(plan: Plan, missing: ReadonlySet<string>): PlanNode[] {
    return plan.root.nodes.filter((node) => node.needs.length === 0 && !externalReads(plan, node).some((key) => missing.has(key)));
  }

  /** What the store follows when external keys get values: each counts down once for every task that reads it. */
  static provided(plan: Plan, keys: readonly string[]): string {
    return keys.flatMap((key) => plan.root.nodes.filter((node) => externalReads(plan, node).includes(key)).map((node) => release("d", plan, node))).join(" ");
  }
}

/** As the store tells tasks and expanded groups apart: 5, g5. */
export function nodeName({ kind, index }: PlanNode): string {
  return kind === "GROUP" ? `g${index}` : String(index);
}

/** What a task's failure means for those beside it, as the group that it stands in says, or the workflow. */
export function policyAround(plan: Plan, { groupChain }: PlanNode): PlanGroup["onFailure"] {
  const innermost = groupChain.split(".").at(-1) ?? "";
  return innermost === "" ? { policy: plan.definition.onFailure } : (plan.groups[Number(innermost)] as PlanGroup).onFailure;
}

/** The tasks of a group and of those nested in it, in the order of the plan; those of an expanded group inside are that group. */
export function tasksInside(plan: Plan, group: number): PlanNode[] {
  return plan.nodes.filter(({ groupChain }) => groupChain.split(".").includes(String(group)));
}

/**
 * How an instance of an expanded group starts: `<group>:<nodes> ...|<route>`, the counts of the groups in it, and what can run at once.
 * @param doomed tasks that can never run, because of what did not come from outside: the task whose fault that is
 */
export function instanceStart(plan: Plan, group: PlanNode, doomed: ReadonlyMap<number, number>): string {
  const { nodes } = plan.scopes.get(group.index) as PlanScope;
  const around = [...new Set(nodes.flatMap(({ groupChain }) => groupChain.split(".").map(Number)))];
  const own = plan.groups.find(({ node }) => node === group.index)?.index;
  around.sort((a, b) => Number(b === own) - Number(a === own) || a - b);
  const skipped = new Set<number>();
  const tokens = TaskGroup.skips(plan, doomed, skipped);
  for (const node of nodes) if (node.needs.length === 0 && !skipped.has(node.index)) tokens.push(release("d", plan, node, 1));
  // One that is skipped waits for nothing inside, so that whatever it could do without must not release it first.
  const route = tokens.filter((token) => !token.startsWith("m") || !skipped.has(Number(/\d+/.exec(token)?.[0])));
  return `${around.map((index) => `${index}:${(plan.groups[index] as PlanGroup).size}`).join(" ")}|${route.join(" ")}`;
}

/** Keys from outside that a task waits for. One that it could do without may still come, so it waits for that too. */
export function externalReads({ definition }: Plan, node: PlanNode): readonly string[] {
  const { externalKeys } = definition;
  // What a task inside an expanded group reads from outside, the group waits for.
  return externalKeys === undefined || node.scope !== undefined ? [] : externalKeys.filter((key) => node.reads.includes(key) || node.optionalReads.includes(key));
}

function compile(plan: Plan, node: PlanNode, end: TaskEnd, missingKeys: readonly string[]): string {
  // What completed of an expanded task's items is undone however the task ended. Owed before anything follows.
  const owed = end === "COMPLETED" || (node.expansion && end !== "CONDITION" && end !== "MISSING") ? TaskGroup.owed(plan, node) : undefined;
  const tokens: string[] = owed ? [`c${owed.compensation}/${node.index}/0/${owed.lane}/${owed.phase}`] : [];
  const skipped = new Set<number>();
  const doomed: PlanNode[] = [];
  for (const edge of node.dependents) {
    const to = plan.nodes[edge.to] as PlanNode;
    if (endsWellFor(edge.kind, end, to, missingKeys)) tokens.push(release("d", plan, to));
    else doomed.push(to);
  }
  for (let next = doomed.shift(); next; next = doomed.shift()) {
    tokens.push(...skip(plan, next, node.index, skipped, doomed));
  }
  return tokens.join(" ");
}

/** Skips a task because of another one; those that cannot do without it join the doomed. */
function skip(plan: Plan, node: PlanNode, cause: number, skipped: Set<number>, doomed: PlanNode[]): string[] {
  if (skipped.has(node.index)) return [];
  skipped.add(node.index);
  const tokens = [`s${node.index}/${cause}/${node.groupChain}/-/${node.kind === "GROUP" ? "g" : "p"}`];
  for (const edge of node.dependents) {
    const to = plan.nodes[edge.to] as PlanNode;
    if (edge.kind === "OPTIONAL" || edge.kind === "REDUCED") tokens.push(release("m", plan, to));
    else doomed.push(to);
  }
  return tokens;
}

function endsWellFor(kind: string, end: TaskEnd, to: PlanNode, missingKeys: readonly string[]): boolean {
  if (kind === "OPTIONAL") return true;
  if (kind === "REDUCED") return end !== "FAILED";
  if (kind === "AFTER") return end !== "FAILED" && end !== "MISSING";
  return end === "COMPLETED" && !missingKeys.some((key) => to.reads.includes(key));
}

/** More than one for a task that reads external keys: how many of them are missing is told by the workflow alone. */
export function openCount(plan: Plan, node: PlanNode): number {
  const external = externalReads(plan, node).length;
  return external === 0 ? node.needs.length : Math.max(2, node.needs.length + external);
}

/** How the store writes the phase that a task starts in. */
export function firstPhaseLetter(node: PlanNode): "p" | "x" | "g" {
  if (node.kind === "GROUP") return "g";
  return node.expansion ? "x" : "p";
}

function release(kind: "d" | "m", plan: Plan, to: PlanNode, need = openCount(plan, to)): string {
  return `${kind}${to.index}/${need}/${to.groupChain}/${laneOf(to, firstPhase(to))}/${firstPhaseLetter(to)}`;
}
