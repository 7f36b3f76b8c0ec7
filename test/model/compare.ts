/** Compares what an engine came to with the reference: exactly, or, where a failure cancelled the rest, as far as is promised. */

import { expect } from "vitest";
import type { ItemState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { addCounts, noCounts, type TaskCounts } from "../../src/workflow/status.js";
import type { Folded } from "./checkLog.js";
import { isCompensation } from "./compensations.js";
import { compareInstances, groupEnds, isLeftToTime, type ObservedInstances, type ObservedTask } from "./instances.js";
import { isCertain, loosenessOf, type Loose, type Looseness } from "./loose.js";
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
  expect(detail.status).toBe(model.status);
  compareError(detail, model, loose);
  // Behind them stand the compensations that ran.
  const planned = tasks.slice(0, model.tasks.length);
  expect(planned.map(({ task }) => task.address)).toEqual(model.tasks.map(({ address }) => address));
  planned.forEach((task, i) => compareTask(task, model.tasks[i] as ModelTask, loosenessOf(loose, task.task.address, loose.cut)));
  if (instances) {
    expect(strangers(instances, model, loose), "tasks that the reference does not have").toEqual([]);
    compareInstances(instances, model, loose, loose.cut, compareTask);
  }
  compareContext(observed, model, initial, loose);
  compareLog(observed);
  if (loose.cut) return;
  const isFirm = (address: string): boolean => isCertain(loose, address) && !isLeftToTime(model, address);
  expect([...folded.skipped].filter(isFirm).sort(), "skipped groups").toEqual(skippedGroups(model).filter(isFirm).sort());
  const firmEnds = (ends: ReadonlyMap<string, string>): object => Object.fromEntries([...ends].filter(([group]) => isFirm(group)));
  expect(firmEnds(folded.groups)).toEqual(firmEnds(groupEnds(model)));
}

/** Compensations, of which the reference has none, apart. */
function strangers({ tasks }: ObservedInstances, model: ModelOutcome, loose: Loose): string[] {
  const known = new Set([model, ...allInstances(model)].flatMap((nodes) => nodes.tasks.map(({ address }) => address)));
  const swayed = [...loose.nodes].filter(([, looseness]) => looseness === "SWAYED").map(([address]) => `${address}[`);
  return [...tasks.keys()].filter((address) => !isCompensation(address) && !known.has(address) && !swayed.some((start) => address.startsWith(start)));
}

function skippedGroups(model: ModelOutcome): string[] {
  return [model, ...allInstances(model)].flatMap(({ groups }) => groups).flatMap(({ address, status }) => (status === "SKIPPED" ? [address] : []));
}

/** Values are compared as text: the order of an object's keys is part of what must survive. */
function same(actual: JsonValue | undefined, expected: JsonValue | undefined, what: string): void {
  const [text, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  // Most of all that is compared, and to be expected takes far longer than to be equal.
  if (text !== wanted) expect(text, what).toBe(wanted);
}

function compareError({ error }: WorkflowDetail, { status, tasks, groups }: ModelOutcome, loose: Loose): void {
  if (status === "COMPLETED") return void expect(error).toBeUndefined();
  if (status === "CANCELLED") return void expect(error).toMatchObject({ code: "CANCELLED" });
  const causes = [...tasks, ...groups].filter(({ failsWorkflow }) => failsWorkflow).map(({ address, errorCode }) => `${address} ${errorCode}`);
  if (loose.nodes.get(error?.task ?? "") !== "SWAYED") expect(causes).toContain(`${error?.task} ${error?.code}`);
}

const ENDS = ["COMPLETED", "FAILED", "TIMED_OUT", "SKIPPED", "CANCELLED"];

/** The reference has one word for all that fails; so have items. */
function shown(status: ModelTask["status"], code: string | undefined): string {
  return status === "FAILED" && code === "TIMEOUT" ? "TIMED_OUT" : status;
}

function compareTask({ task, result, items }: ObservedTask, model: ModelTask, looseness: Looseness | undefined): void {
  const about = task.address;
  expect(task.address).toBe(model.address);
  if (looseness === "SWAYED") return expect(ENDS, about).toContain(task.status);
  if (looseness === "DOOMED") return expect(["SKIPPED", "CANCELLED"], about).toContain(task.status);
  if (looseness === "CUT" && task.status === "CANCELLED") return;
  expect(task.status, about).toBe(shown(model.status, model.errorCode));
  expect(task.error?.code, about).toBe(model.errorCode);
  same(result, model.status === "COMPLETED" ? model.result : undefined, `result of ${about}`);
  if (model.status !== "SKIPPED" && model.attempt !== undefined) expect(task.attempt, `attempt of ${about}`).toBe(model.attempt);
  expect(items?.length, `items of ${about}`).toBe(model.items?.length);
  items?.forEach((item, i) => compareItem(item, (model.items as ModelItem[])[i] as ModelItem, model.cancelsItems, `${about}[${i}]`));
}

function compareItem(item: ItemState, model: ModelItem, mayBeCancelled: boolean, about: string): void {
  expect(item.identifier, about).toBe(model.identifier);
  same(item.variables, model.variables, `variables of ${about}`);
  if (mayBeCancelled && item.status === "CANCELLED") return;
  expect(item.status, about).toBe(model.status);
  if (model.attempt !== undefined) expect(item.attempt, `attempt of ${about}`).toBe(model.attempt);
  expect(item.error?.code, about).toBe(model.error?.code);
  same(item.result, model.result, `result of ${about}`);
}

/** What a task that was cancelled would have contributed is missing, and that alone. */
function compareContext({ context, detail, instances }: Observed, model: ModelOutcome, initial: JsonObject, loose: Loose): void {
  const { decl, run } = model.scope;
  const groups = [...(instances?.groups ?? [])].map(([address, status]) => ({ address, status }));
  const completed = new Set([...detail.tasks, ...groups].filter(({ status }) => status === "COMPLETED").map(({ address }) => address));
  const value = (key: string): JsonValue | undefined => {
    if (run.reducers.has(key)) return model.reducedOver(key, (address) => completed.has(address));
    return Object.hasOwn(initial, key) || decl.writersOf.get(key)?.some(({ address }) => completed.has(address)) ? model.context[key] : undefined;
  };
  for (const key of new Set([...Object.keys(context), ...Object.keys(model.context)])) {
    const mayDiffer = decl.writersOf.get(key)?.some(({ address }) => ["SWAYED", "VALUE"].includes(loose.nodes.get(address) ?? ""));
    if (!mayDiffer) same(context[key], value(key), `context.${key}`);
  }
}

/** The log, folded, says what the readers say. */
export function compareLog({ detail, folded, context, instances, ...outside }: Observed): void {
  const tasks = instances ? [...instances.tasks.values()] : outside.tasks;
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
