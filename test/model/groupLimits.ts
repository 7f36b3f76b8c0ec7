/** Limits and failure policies of groups in arbitrary workflows. */

import fc from "fast-check";
import type { FailurePolicy, TaskGroupDefinition } from "../../src/workflow/definition.js";
import { seldom } from "./values.js";

/** Longer than any test: times are kept and given up again, and never over. */
const LONG_MS = 3_600_000;

export const groupLimitsPlan = fc.record({
  maxParallel: seldom(2, fc.integer({ min: 1, max: 4 })),
  onFailure: seldom(3, fc.constantFrom<FailurePolicy>("FAIL_FAST", "CONTINUE", "FAIL_FAST")),
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
