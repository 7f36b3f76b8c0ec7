/** Compensations of arbitrary workflows: how they are made, and what must be true of those that ran, whatever the timing. */

import fc from "fast-check";
import { expect } from "vitest";
import type { ItemState, WorkflowDetail } from "../../src/engine/snapshot.js";
import { COMPENSATION_SUFFIX } from "../../src/workflow/compensations.js";
import type { CompensationDefinition } from "../../src/workflow/definition.js";
import type { TaskEvent, WorkflowEvent } from "../../src/workflow/events.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import type { ReadTask } from "./instances.js";
import type { ModelChild, ModelOutcome, ModelTask } from "./outcome.js";
import { undo, undoables, type Undoable } from "./undoing.js";
import { placeholderOver } from "./values.js";

/** An ended workflow with all its tasks, those in instances at any depth included. */
interface Undone {
  detail: WorkflowDetail;
  tasks: readonly ReadTask[];
}

export const compensationPlan = fc.record({ root: fc.nat(60), form: fc.nat(19), failures: fc.nat(5), turns: fc.nat(3) });
type CompensationPlan = typeof compensationPlan extends fc.Arbitrary<infer T> ? T : never;

/** It answers the result that it undoes, and what it sees of something else. @param roots what the task's templates may name */
export function buildCompensation({ root, form, failures, turns }: CompensationPlan, roots: readonly string[]): CompensationDefinition {
  const name = roots[root % roots.length] as string;
  const beside = form < 8 ? `{{ $exists(${name}) }}` : placeholderOver(name, form - 8);
  const value = { undone: "{{ $result }}", because: "{{ $error.code & ' of ' & $error.task }}", at: "{{ $index ?? 'nowhere' }}", item: "{{ $item ?? 'none' }}", attempt: "{{ $attempt }}", beside };
  return { handler: "echo", input: { value, failures: Math.max(0, failures - 3), turns } };
}

const ENDS = ["TASK_COMPLETED", "TASK_FAILED", "TASK_TIMED_OUT", "TASK_CANCELLED"];

export function isCompensation(address: string): boolean {
  return address.endsWith(COMPENSATION_SUFFIX);
}

function compensationOf(address: string): string {
  return `${address}${COMPENSATION_SUFFIX}`;
}

/**
 * A workflow that completed undid nothing; another one all that completed, one at a time, the last first.
 * @param isExact whether all that a task can see is what the reference says, so that what its compensation came to is as well
 * @returns what the exact ones run as sub-workflows
 */
export async function checkCompensations(observed: Undone, events: readonly WorkflowEvent[], model?: ModelOutcome, isExact = (_: Undoable): boolean => false): Promise<ModelChild[]> {
  const { detail, tasks } = observed;
  const found = tasks.map(({ task }) => task.address).filter(isCompensation);
  if (detail.status === "COMPLETED") {
    expect(found).toEqual([]);
    return [];
  }
  const owed = tasks.filter(isUndone);
  expect(found.sort()).toEqual(owed.map(({ task }) => compensationOf(task.address)).sort());
  checkOrder(owed.map(({ task }) => task.address), events, detail.plan.definition.externalKeys);
  const reference = model ? undoables(model) : new Map<string, Undoable>();
  const children: ModelChild[] = [];
  for (const undone of owed) {
    const known = reference.get(undone.task.address);
    children.push(...(await checkOne(observed, undone, known && isExact(known) ? known : undefined)));
  }
  return children;
}

/** Of an expanded task that fell back before it had items there is nothing to undo. */
function isUndone({ task: { status, node }, items }: ReadTask): boolean {
  if (!node.task.compensate) return false;
  return node.expansion ? (items ?? []).some((item) => item.status === "COMPLETED") : status === "COMPLETED";
}

/** @param externalKeys that may come until it has ended */
function checkOrder(owed: readonly string[], events: readonly WorkflowEvent[], externalKeys: readonly string[] = []): void {
  const ofTasks = events.filter((event): event is TaskEvent => event.kind === "task" && event.itemIndex === undefined);
  const ends = ofTasks.filter(({ type }) => ENDS.includes(type)).map(({ task }) => task);
  const steps = ofTasks.filter(({ type, task }) => isCompensation(task) && (type === "TASK_READY" || ENDS.includes(type)));
  const order = ends.filter((task) => owed.includes(task)).map(compensationOf).reverse();
  expect(steps.map(({ type, task }) => `${type === "TASK_READY" ? "begins" : "ends"} ${task}`), "the order of undoing, one at a time").toEqual(order.flatMap((task) => [`begins ${task}`, `ends ${task}`]));
  const first = steps[0]?.seq ?? Number.POSITIVE_INFINITY;
  const isOther = (event: WorkflowEvent): boolean => (event.kind === "task" ? !isCompensation(event.task)
    : event.kind === "context" ? !event.keys.every((key) => externalKeys.includes(key)) : event.kind !== "workflow");
  expect(events.filter((event) => event.seq > first && isOther(event)), "what else happens once undoing has begun").toEqual([]);
}

/** @param reference of which all that it can see is certain */
async function checkOne({ detail, tasks }: Undone, undone: ReadTask, reference: Undoable | undefined): Promise<ModelChild[]> {
  const about = undone.task.address;
  const undoing = tasks.find(({ task }) => task.address === compensationOf(about)) as ReadTask;
  const $error = detail.error as unknown as JsonObject;
  const children: ModelChild[] = [];
  const check = async (end: End, $result: JsonValue, item?: ItemState): Promise<void> => {
    checkEnd(end, { $result, $error }, item ? `${about}[${item.identifier}]` : about);
    const model = reference && (await undo(reference, { $result, $error }, item));
    if (!model) return;
    same(end, model, about);
    children.push(...(model.children ?? []).map((child) => (item ? { ...child, unit: `${child.unit}[${item.identifier}]` } : child)));
  };
  if (!undone.task.itemCounts) {
    await check(ended(undoing), undone.result ?? null);
    return children;
  }
  const owed = (undone.items ?? []).filter(({ status }) => status === "COMPLETED").reverse();
  const items = undoing.items ?? [];
  expect(items.map(({ identifier, variables }) => [identifier, variables]), about).toEqual(owed.map(({ identifier, variables }) => [identifier, variables]));
  for (const [at, item] of owed.entries()) await check(endedItem(items[at] as ItemState), item.result ?? null, item);
  const isFailed = items.some(({ status }) => status === "FAILED");
  expect([undoing.task.status, undoing.task.error?.code], about).toEqual(isFailed ? ["FAILED", "TOLERANCE_EXCEEDED"] : ["COMPLETED", undefined]);
  return children;
}

interface End { status: string; attempt: number; code: string | undefined; result: JsonValue | undefined }

function ended({ task: { status, attempt, error }, result }: ReadTask): End {
  return { status, attempt, code: error?.code, result };
}

function endedItem({ status, attempt, error, result }: ItemState): End {
  return { status, attempt, code: error?.code, result };
}

/** What it undoes, and why, is known in any case. */
function checkEnd({ status, result }: End, { $result, $error }: { $result: JsonValue; $error: JsonObject }, about: string): void {
  expect(["COMPLETED", "FAILED"], about).toContain(status);
  if (status === "FAILED") return;
  const { undone, because } = result as JsonObject;
  expect(JSON.stringify([undone, because]), about).toBe(JSON.stringify([$result, `${String($error.code)} of ${String($error.task ?? "")}`]));
}

function same({ status, attempt, code, result }: End, model: ModelTask, about: string): void {
  expect([status, code, attempt], about).toEqual([model.status, model.errorCode, model.attempt]);
  expect(JSON.stringify(result), about).toBe(JSON.stringify(model.result));
}
