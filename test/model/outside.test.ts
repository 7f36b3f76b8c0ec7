/** The workflows that the property tests run need the world outside: keys from clients and sessions, answers, secrets. */

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { declaredGroups } from "../../src/workflow/declaredGroups.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { workflowCases, type Case } from "./cases.js";
import { contextAtFirst } from "./outside.js";
import { allInstances, type ModelOutcome } from "./referenceModel.js";
import { modelOf } from "./runCase.js";

const RUNS = 1_500;
let found: { item: Case; outcome: ModelOutcome }[];
beforeAll(async () => {
  found = [];
  for (const item of fc.sample(workflowCases({ expandedGroups: 0.5, subWorkflows: 0.2 }), { numRuns: RUNS, seed: 7 })) {
    const outcome = await modelOf(item);
    if (outcome) found.push({ item, outcome });
  }
}, 120_000);

function tasksOf({ definition }: Case): TaskDefinition[] {
  return declaredGroups(definition).flatMap(({ group }) => group.tasks);
}

/** Status and code of what ended so, of all tasks with such a handler: those in instances, and items, are told apart. */
function endsOf(isMeant: (task: TaskDefinition) => boolean): Set<string> {
  return new Set(found.flatMap(({ item, outcome }) => {
    const names = new Set(declaredGroups(item.definition).flatMap(({ address, group }) => group.tasks.filter(isMeant).map(({ name }) => `${address}.${name}`)));
    return [outcome, ...allInstances(outcome)].flatMap(({ tasks, scope }) => tasks.flatMap((task) => {
      const declared = scope.decl.nodes.find((node) => scope.addressOf(node) === task.address);
      if (!declared || !names.has(declared.address)) return [];
      const where = scope.instance ? " in an instance" : "";
      return [...(task.items ?? []).map(({ status, error }) => `item${where} ${status} ${error?.code ?? ""}`.trim()), `task${where} ${task.status} ${task.errorCode ?? ""}`.trim()];
    }));
  }));
}

test("keys come from clients and from sessions, whose exporters complete or not, and tasks read them", () => {
  const outside = found.flatMap(({ item }) => item.outside ?? []);
  expect(outside.filter(({ provided }) => provided.length > 0).length).toBeGreaterThan(RUNS / 20);
  for (const completes of [true, false]) for (const isFirst of [true, false]) {
    expect(outside.filter(({ exporter }) => exporter?.completes === completes && exporter.isFirst === isFirst).length).toBeGreaterThan(RUNS / 100);
  }
  const read = found.filter(({ item: { definition } }) => (definition.externalKeys ?? []).some((key) => JSON.stringify(definition.groups).includes(`{{ ${key}`)));
  expect(read.length).toBeGreaterThan(RUNS / 20);
  for (const { item } of found) expect(Object.keys(contextAtFirst(item))).not.toContain(item.definition.externalKeys?.[0] ?? "");
});

test("tasks and items, in instances too, wait for answers that approve or reject, and for some that never come", () => {
  const ends = endsOf(({ handler }) => handler === "signal" || handler === "approval");
  for (const kind of ["task", "item", "task in an instance", "item in an instance"]) {
    for (const end of ["COMPLETED", "FAILED REJECTED", "FAILED TIMEOUT"]) expect([...ends], `${kind} ${end}`).toContain(`${kind} ${end}`);
  }
  const handlers = new Set(found.flatMap(({ item }) => tasksOf(item).flatMap(({ handler, input }) => (handler === "approval" ? [`${handler} ${"default" in (input as JsonObject)}`] : []))));
  expect(handlers).toEqual(new Set(["approval true", "approval false"]));
});

test("tasks and items use secrets, and some ask for one that there is not", () => {
  const ends = endsOf(({ input }) => JSON.stringify(input ?? null).includes("$secret"));
  for (const end of ["task COMPLETED", "item COMPLETED", "task in an instance COMPLETED", "task FAILED SECRET_UNKNOWN"]) expect([...ends]).toContain(end);
});
