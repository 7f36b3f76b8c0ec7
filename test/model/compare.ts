/** Compares what an engine came to with the reference: exactly, or, where a failure cancelled the rest, as far as is promised. */

import { expect } from "vitest";
import type { ItemState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { addCounts, noCounts, type TaskCounts } from "../../src/workflow/status.js";
import type { Folded } from "./checkLog.js";
import { isCompensation } from "./compensations.js";
import type { Loose } from "./groupLimits.js";
import { compareInstances, groupEnds, isLeftToTime, type ObservedInstances, type ObservedTask } from "./instances.js";
import { allInstances, type ModelItem, type ModelOutcome, type ModelTask } from "./referenceModel.js";

/** An ended workflow as its readers see it. */
export interface Observed {
  detail: WorkflowDetail;
  context: JsonObject;
  /** Those that stand in no expanded group, in the order of the plan. */
  tasks: ObservedTask[];
  folded: Folded;
  /** Of a workflow with expanded groups. */
  instances?: ObservedInstances;
}

export function compare(observed: Observed, model: ModelOutcome, initial: JsonObject, loose: Loose): void {
  const { detail, folded, instances, tasks } = observed;
  const { cut } = loose;
  expect(detail.status).toBe(model.status);
  compareError(detail, model, loose);
  // Behind them stand the compensations that ran.
  const planned = tasks.slice(0, model.tasks.length);
  expect(planned.map(({ task }) => task.address)).toEqual(model.tasks.map(({ address }) => address));
  planned.forEach((task, i) => loose.tasks.has(task.task.address) || compareTask(task, model.tasks[i] as ModelTask, cut));
  if (instances) {
    expect(strangers(instances, model), "tasks that the reference does not have").toEqual([]);
    compareInstances(instances, model, cut, compareTask);
  }
  compareContext(observed, model, loose);
  compareLog(observed, instances ? [...instances.tasks.values()] : tasks);
  if (cut) return;
  const isCertain = (address: string): boolean => !isLeftToTime(model, address);
  expect([...folded.skipped].filter(isCertain).sort(), "skipped groups").toEqual(skippedGroups(model).filter(isCertain).sort());
  const isFirm = ([group]: [group: string, end: string]): boolean => isCertain(group) && ![...loose.tasks].some((address) => address.startsWith(`${group}.`));
  expect(Object.fromEntries([...folded.groups].filter(isFirm))).toEqual(Object.fromEntries([...groupEnds(model)].filter(isFirm)));
  const keys = new Set([...model.tasks, ...model.groups].flatMap(({ writes }) => writes));
  const free = looseKeys(detail, loose);
  const fresh = (all: Iterable<string>): string[] => [...all].filter((key) => !Object.hasOwn(initial, key) && !free.has(key)).sort();
  expect(fresh(Object.keys(observed.context))).toEqual(fresh(keys));
}

/** Compensations, of which the reference has none, apart. */
function strangers({ tasks }: ObservedInstances, model: ModelOutcome): string[] {
  const known = new Set([model, ...allInstances(model)].flatMap((nodes) => nodes.tasks.map(({ address }) => address)));
  return [...tasks.keys()].filter((address) => !isCompensation(address) && !known.has(address));
}

function skippedGroups(model: ModelOutcome): string[] {
  return [model, ...allInstances(model)].flatMap(({ groups }) => groups).flatMap(({ address, status }) => (status === "SKIPPED" ? [address] : []));
}

/** Values are compared as text: the order of an object's keys is part of what must survive. */
function same(actual: JsonValue | undefined, expected: JsonValue | undefined, what: string): void {
  expect(JSON.stringify(actual), what).toBe(JSON.stringify(expected));
}

function compareError({ error }: WorkflowDetail, { status, tasks, groups }: ModelOutcome, loose: Loose): void {
  if (status === "COMPLETED") return void expect(error).toBeUndefined();
  const causes = [...tasks, ...groups].filter(({ failsWorkflow }) => failsWorkflow).map(({ address, errorCode }) => `${address} ${errorCode}`);
  if (!loose.tasks.has(error?.task ?? "")) expect(causes).toContain(`${error?.task} ${error?.code}`);
}

function compareTask({ task, result, items }: ObservedTask, model: ModelTask, cut: boolean): void {
  const about = task.address;
  expect(task.address).toBe(model.address);
  if (cut && task.status === "CANCELLED") return;
  expect(task.status, about).toBe(model.status);
  expect(task.error?.code, about).toBe(model.errorCode);
  same(result, model.status === "COMPLETED" ? model.result : undefined, `result of ${about}`);
  if (model.status !== "SKIPPED") expect(task.attempt, `attempt of ${about}`).toBe(model.attempt);
  expect(items?.length, `items of ${about}`).toBe(model.items?.length);
  items?.forEach((item, i) => compareItem(item, (model.items as ModelItem[])[i] as ModelItem, model.cancelsItems, `${about}[${i}]`));
}

function compareItem(item: ItemState, model: ModelItem, mayBeCancelled: boolean, about: string): void {
  expect(item.identifier, about).toBe(model.identifier);
  same(item.variables, model.variables, `variables of ${about}`);
  if (mayBeCancelled && item.status === "CANCELLED") return;
  expect(item.status, about).toBe(model.status);
  expect(item.attempt, `attempt of ${about}`).toBe(model.attempt);
  expect(item.error?.code, about).toBe(model.error?.code);
  same(item.result, model.result, `result of ${about}`);
}

/** Keys that tasks write which are left to time. */
function looseKeys({ tasks }: WorkflowDetail, loose: Loose): ReadonlySet<string> {
  return new Set(tasks.flatMap(({ address, node }) => (loose.tasks.has(address) ? [...node.keys, ...node.optionalKeys] : [])));
}

function compareContext({ context, detail, instances }: Observed, model: ModelOutcome, loose: Loose): void {
  const { cut } = loose;
  const free = looseKeys(detail, loose);
  const groups = [...(instances?.groups ?? [])].map(([address, status]) => ({ address, status }));
  const completed = new Set([...detail.tasks, ...groups].filter(({ status }) => status === "COMPLETED").map(({ address }) => address));
  const expected = Object.keys(model.context).filter((key) => !free.has(key));
  const actual = Object.keys(context).filter((key) => !free.has(key));
  if (cut) expect(expected).toEqual(expect.arrayContaining(actual));
  else expect(actual.sort()).toEqual(expected.sort());
  // What a cancelled task would have contributed is missing; what is left may well be null.
  const value = (key: string): JsonValue | undefined => {
    const left = cut ? model.reducedOver(key, (address) => completed.has(address)) : undefined;
    return left === undefined ? model.context[key] : left;
  };
  for (const key of actual) same(context[key], value(key), `context.${key}`);
}

/** The log, folded, says what the readers say. */
function compareLog({ detail, folded, context, instances }: Observed, tasks: readonly ObservedTask[]): void {
  expect(folded.status).toBe(detail.status);
  expect(folded.errorCode).toBe(detail.error?.code);
  expect(addCounts(untold(folded, tasks, instances), folded.counts)).toEqual(detail.counts);
  expect(detail.groups.map(({ counts }) => counts).reduce(addCounts, noCounts())).toEqual(detail.counts);
  for (const key of folded.keys) expect(Object.keys(context), "a key that CONTEXT_UPDATED named").toContain(key);
  for (const observed of tasks) compareTaskInLog(folded, observed);
}

/** Tasks in no event: those of groups that were never expanded, and those that were cancelled before anything happened to them. */
function untold({ tasks: told }: Folded, tasks: readonly ObservedTask[], instances?: ObservedInstances): TaskCounts {
  const counts = noCounts();
  if (instances) addCounts(counts, instances.unexpanded);
  const never = tasks.filter(({ task }) => !told.has(task.address)).length;
  return addCounts(counts, { ...noCounts(), total: never, cancelled: never });
}

function compareTaskInLog({ tasks }: Folded, { task, result, items }: ObservedTask): void {
  const fold = tasks.get(task.address);
  expect(fold?.status ?? "CANCELLED", task.address).toBe(task.status);
  expect(fold?.errorCode, task.address).toBe(task.error?.code);
  same(fold?.result, result, `result of ${task.address} in the log`);
  expect(fold?.items?.map(({ status }) => status), task.address).toEqual(items?.map(({ status }) => status));
  items?.forEach((item, at) => {
    const folded = fold?.items?.[at];
    same(folded?.result, item.result, `result of ${task.address}[${at}] in the log`);
    if (folded?.identifier !== undefined) expect(folded.identifier).toBe(item.identifier);
  });
}
