/** Compensations of arbitrary workflows: how they are made, and what must be true of those that ran, whatever the timing. */

import fc from "fast-check";
import { expect } from "vitest";
import type { ItemState, TaskState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { CompensationDefinition } from "../../src/workflow/definition.js";
import type { TaskEvent, WorkflowEvent } from "../../src/workflow/events.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";

/** All tasks of an ended workflow in which no group is expanded, with their results and items. */
interface Undone {
  detail: WorkflowDetail;
  results: readonly (JsonValue | undefined)[];
  items: readonly (readonly ItemState[] | undefined)[];
}

export const compensationPlan = fc.record({ root: fc.nat(60), failures: fc.nat(5), turns: fc.nat(3) });

/** It answers the result that it undoes. @param roots what the task's templates may name */
export function buildCompensation({ root, failures, turns }: { root: number; failures: number; turns: number }, roots: readonly string[]): CompensationDefinition {
  return {
    handler: "echo",
    input: { value: { undone: "{{ $result }}", because: "{{ $error.code }}", beside: `{{ $exists(${roots[root % roots.length]}) }}` }, failures: Math.max(0, failures - 3), turns },
  };
}

const ENDS = ["TASK_COMPLETED", "TASK_FAILED", "TASK_TIMED_OUT", "TASK_CANCELLED"];
const isCompensation = (task: string): boolean => task.endsWith("!compensate");

/** A workflow that completed undid nothing; another one all that completed, one at a time, the last first. */
export function checkCompensations(observed: Undone, events: readonly WorkflowEvent[]): void {
  const { detail } = observed;
  const found = detail.tasks.filter(({ address }) => isCompensation(address));
  if (detail.status === "COMPLETED") return expect(found.map(({ address }) => address)).toEqual([]);
  const owed = detail.tasks.filter((task, i) => task.node.task.compensate && isUndone(task, observed.items[i]));
  expect(found.map(({ address }) => address).sort()).toEqual(owed.map(({ address }) => `${address}!compensate`).sort());
  const ofTasks = events.filter((event): event is TaskEvent => event.kind === "task" && event.itemIndex === undefined);
  const ends = ofTasks.filter(({ type }) => ENDS.includes(type)).map(({ task }) => task);
  const begun = ofTasks.filter(({ type, task }) => type === "TASK_READY" && isCompensation(task)).map(({ task }) => task);
  expect(begun, "the order of undoing").toEqual(ends.filter((task) => owed.some(({ address }) => address === task)).map((task) => `${task}!compensate`).reverse());
  expect(ends.filter(isCompensation), "one at a time").toEqual(begun);
  for (const task of owed) checkOne(observed, task);
}

/** Of an expanded task that fell back before it had items there is nothing to undo. */
function isUndone({ status, node }: TaskState, items: readonly ItemState[] | undefined): boolean {
  return node.expansion ? (items ?? []).some((item) => item.status === "COMPLETED") : status === "COMPLETED";
}

function checkOne({ detail, results, items }: Undone, task: TaskState): void {
  const at = detail.tasks.indexOf(task);
  const compensationAt = detail.tasks.findIndex(({ address }) => address === `${task.address}!compensate`);
  const compensation = detail.tasks[compensationAt] as TaskState;
  if (!task.itemCounts) return checkResult(compensation.status, results[compensationAt], results[at], task.address, detail.error?.code);
  const undone = (items[at] ?? []).filter(({ status }) => status === "COMPLETED").reverse();
  const undoing = items[compensationAt] ?? [];
  expect(undoing.map(({ identifier, variables }) => [identifier, variables])).toEqual(undone.map(({ identifier, variables }) => [identifier, variables]));
  undoing.forEach((item, i) => checkResult(item.status, item.result, undone[i]?.result, `${task.address}[${item.identifier}]`, detail.error?.code));
  expect(compensation.status).toBe(undoing.some(({ status }) => status === "FAILED") ? "FAILED" : "COMPLETED");
}

function checkResult(status: string, result: JsonValue | undefined, undone: JsonValue | undefined, about: string, code: string | undefined): void {
  if (status === "FAILED") return;
  expect(status, about).toBe("COMPLETED");
  expect(JSON.stringify((result as JsonObject)["undone"]), about).toBe(JSON.stringify(undone));
  expect((result as JsonObject)["because"], about).toBe(code);
}
