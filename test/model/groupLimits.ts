/** Limits and failure policies of groups in arbitrary workflows, and which tasks a group that fails fast leaves to time. */

import fc from "fast-check";
import type { FailurePolicy, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import { policyAround } from "../../src/engine/TaskGroup.js";
import type { Plan, PlanNode } from "../../src/workflow/plan.js";
import { hasExpandedGroups } from "./expandedGroups.js";
import type { ModelOutcome } from "./referenceModel.js";
import { seldom } from "./values.js";

/** Longer than any test: times are kept and given up again, and never over. */
const LONG_MS = 3_600_000;

export const groupLimitsPlan = fc.record({
  maxParallel: seldom(2, fc.integer({ min: 1, max: 4 })),
  onFailure: seldom(5, fc.constantFrom<FailurePolicy>("FAIL_FAST", "CONTINUE", "FAIL_FAST")),
  timed: fc.nat(4).map((n) => n === 4),
});
export type GroupLimits = typeof groupLimitsPlan extends fc.Arbitrary<infer T> ? T : never;

export function withLimits(group: TaskGroupDefinition, { maxParallel, onFailure, timed }: GroupLimits): TaskGroupDefinition {
  return {
    ...group,
    tasks: timed ? group.tasks.map((task) => ({ ...task, totalTimeoutMs: LONG_MS, heartbeatTimeoutMs: LONG_MS })) : group.tasks,
    ...(maxParallel === null ? {} : { maxParallel }),
    ...(onFailure === null ? {} : { onFailure }),
    ...(timed ? { timeoutMs: LONG_MS } : {}),
  };
}

export interface Loose {
  /** A failure cancels the rest of the workflow. */
  cut: boolean;
  /** Addresses of tasks that a group's failure may have cancelled, and of those that may have gone another way because of that. */
  tasks: ReadonlySet<string>;
}

/** Where time decides what came of the tasks: how far what a group or the workflow cancels had come before. */
export function looseEnds(definition: WorkflowDefinition, { tasks, status }: ModelOutcome): Loose {
  // Where groups are expanded only the workflow cancels anything.
  if (hasExpandedGroups(definition)) return { cut: definition.onFailure === "FAIL_FAST" && status === "FAILED", tasks: new Set() };
  const plan = compilePlan(definition);
  const loose = new Set<PlanNode>();
  let cut = false;
  const open = plan.nodes.filter((_, i) => tasks[i]?.failsWorkflow);
  for (let failing = open.pop(); failing; failing = open.pop()) {
    const { policy, by } = policyAround(plan, failing);
    if (policy === "CONTINUE") continue;
    if (by === undefined) cut = true;
    else for (const fresh of reached(plan, plan.nodes.filter((node) => node.groupChain.split(".").includes(String(by))), loose)) open.push(fresh);
  }
  return { cut, tasks: new Set([...loose].map(({ address }) => address)) };
}

/** These and all that depends on them, as far as they are new: each may fail where the reference did not. */
function reached(plan: Plan, from: readonly PlanNode[], loose: Set<PlanNode>): PlanNode[] {
  const fresh: PlanNode[] = [];
  const open = [...from];
  for (let node = open.pop(); node; node = open.pop()) {
    if (loose.has(node)) continue;
    loose.add(node);
    fresh.push(node);
    open.push(...node.dependents.map(({ to }) => plan.nodes[to] as PlanNode));
  }
  return fresh;
}
