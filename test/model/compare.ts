/** Compares what an engine came to with the reference: exactly, or, where a failure cancelled the rest, as far as is promised. */

import { expect } from "vitest";
import type { GroupState, ItemState, TaskState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { addCounts, noCounts } from "../../src/workflow/status.js";
import type { Folded } from "./checkLog.js";
import type { Loose } from "./groupLimits.js";
import type { ModelItem, ModelOutcome, ModelTask } from "./referenceModel.js";

/** An ended workflow as its readers see it. */
export interface Observed {
  detail: WorkflowDetail;
  context: JsonObject;
  /** By task, in the order of the plan. */
  results: (JsonValue | undefined)[];
  items: (ItemState[] | undefined)[];
  folded: Folded;
}

export function compare(observed: Observed, model: ModelOutcome, initial: JsonObject, loose: Loose): void {
  const { detail, folded } = observed;
  const { cut } = loose;
  expect(detail.status).toBe(model.status);
  compareError(detail, model, loose);
  detail.tasks.slice(0, model.tasks.length).forEach((task, i) => loose.tasks.has(task.address) || compareTask(task, model.tasks[i] as ModelTask, observed.results[i], observed.items[i], cut));
  compareContext(observed, model, loose);
  compareLog(observed);
  if (cut) return;
  const isFirm = (group: string): boolean => ![...loose.tasks].some((address) => address.startsWith(`${group}.`));
  expect(Object.fromEntries([...folded.groups].filter(([group]) => isFirm(group)))).toEqual(groupsOf(detail, model, isFirm));
  const keys = new Set(model.tasks.flatMap(({ writes }) => writes));
  const free = looseKeys(detail, loose);
  const fresh = (all: Iterable<string>): string[] => [...all].filter((key) => !Object.hasOwn(initial, key) && !free.has(key)).sort();
  expect(fresh(Object.keys(observed.context))).toEqual(fresh(keys));
}

/** Values are compared as text: the order of an object's keys is part of what must survive. */
function same(actual: JsonValue | undefined, expected: JsonValue | undefined, what: string): void {
  expect(JSON.stringify(actual), what).toBe(JSON.stringify(expected));
}

function compareError({ error }: WorkflowDetail, { status, tasks }: ModelOutcome, loose: Loose): void {
  if (status === "COMPLETED") return void expect(error).toBeUndefined();
  const causes = tasks.filter(({ failsWorkflow }) => failsWorkflow).map(({ address, errorCode }) => `${address} ${errorCode}`);
  if (!loose.tasks.has(error?.task ?? "")) expect(causes).toContain(`${error?.task} ${error?.code}`);
}

function compareTask(task: TaskState, model: ModelTask, result: JsonValue | undefined, items: ItemState[] | undefined, cut: boolean): void {
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

function compareContext({ context, detail }: Observed, model: ModelOutcome, loose: Loose): void {
  const { cut } = loose;
  const free = looseKeys(detail, loose);
  const completed = new Set(detail.tasks.filter(({ status }) => status === "COMPLETED").map(({ address }) => address));
  const expected = Object.keys(model.context).filter((key) => !free.has(key));
  const actual = Object.keys(context).filter((key) => !free.has(key));
  if (cut) expect(expected).toEqual(expect.arrayContaining(actual));
  else expect(actual.sort()).toEqual(expected.sort());
  // What a cancelled task would have contributed is missing.
  const value = (key: string): JsonValue | undefined => (cut ? model.reducedOver(key, (address) => completed.has(address)) : undefined) ?? model.context[key];
  for (const key of actual) same(context[key], value(key), `context.${key}`);
}

/** The log, folded, says what the readers say. */
function compareLog({ detail, folded, results, items, context }: Observed): void {
  expect(folded.status).toBe(detail.status);
  expect(folded.errorCode).toBe(detail.error?.code);
  expect(folded.counts).toEqual(detail.counts);
  expect(detail.groups.map(({ counts }) => counts).reduce(addCounts, noCounts())).toEqual(detail.counts);
  for (const key of folded.keys) expect(Object.keys(context), "a key that CONTEXT_UPDATED named").toContain(key);
  detail.tasks.forEach((task, i) => {
    const fold = folded.tasks.get(task.address);
    expect(fold?.status, task.address).toBe(task.status);
    expect(fold?.errorCode, task.address).toBe(task.error?.code);
    same(fold?.result, results[i], `result of ${task.address} in the log`);
    expect(fold?.items?.map(({ status }) => status), task.address).toEqual(items[i]?.map(({ status }) => status));
    items[i]?.forEach((item, at) => {
      const folded = fold?.items?.[at];
      same(folded?.result, item.result, `result of ${task.address}[${at}] in the log`);
      if (folded?.identifier !== undefined) expect(folded.identifier).toBe(item.identifier);
    });
  });
}

/** A group starts with the first of its tasks that is ready, so one whose tasks were all skipped before never does. */
function allGroups(groups: readonly GroupState[]): GroupState[] {
  return groups.flatMap((group) => [group, ...allGroups(group.groups)]);
}

function groupsOf({ groups, tasks }: WorkflowDetail, model: ModelOutcome, isFirm: (group: string) => boolean): Record<string, "COMPLETED" | "FAILED"> {
  return Object.fromEntries(allGroups(groups).filter(({ address }) => isFirm(address)).flatMap(({ address: name }): [string, "COMPLETED" | "FAILED"][] => {
    const mine = model.tasks.filter((_, i) => tasks[i]?.address.startsWith(`${name}.`));
    if (mine.every(({ errorCode, status, skippedLate }) => status === "SKIPPED" && errorCode === "UPSTREAM" && !skippedLate)) return [];
    return [[name, mine.some(({ failsWorkflow }) => failsWorkflow) ? "FAILED" : "COMPLETED"]];
  }));
}
