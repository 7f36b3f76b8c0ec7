/** The workflows that the property tests run are valid where groups are expanded, and have something of everything. */

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { workflowCase, workflowCases, type Case } from "./cases.js";
import { faults } from "./faults.js";
import { looseEnds, type Looseness } from "./loose.js";
import type { ModelScope } from "./ModelScope.js";
import { allInstances, type ModelChild, type ModelNodes, type ModelOutcome } from "./referenceModel.js";
import { modelOf } from "./runCase.js";
import { undoables } from "./undoing.js";

const RUNS = 800;
const PARENTS = 400;
const cases = fc.sample(workflowCases({ expandedGroups: 1, subWorkflows: 0 }), { numRuns: RUNS, seed: 7 });
const parents = fc.sample(workflowCases({ expandedGroups: 0.5, subWorkflows: 1 }), { numRuns: PARENTS, seed: 7 });
/** Undefined of those that are too much; a definition whose nodes wait for each other is an error. */
let outcomes: (ModelOutcome | undefined)[];
let ran: ModelOutcome[];
let parentsRan: ModelOutcome[];
beforeAll(async () => {
  outcomes = await outcomesOf(cases);
  ran = outcomes.filter(isDefined);
  parentsRan = (await outcomesOf(parents)).filter(isDefined);
}, 120_000);

async function outcomesOf(all: readonly Case[]): Promise<(ModelOutcome | undefined)[]> {
  const found: (ModelOutcome | undefined)[] = [];
  for (const item of all) found.push(await modelOf(item));
  return found;
}

function isDefined(outcome: ModelOutcome | undefined): outcome is ModelOutcome {
  return outcome !== undefined;
}

/** How many groups each instance stands in. */
function depthsOf({ groups }: ModelNodes, depth = 1): number[] {
  return groups.flatMap(({ instances = [] }) => instances.flatMap((instance) => [depth, ...depthsOf(instance, depth + 1)]));
}

/** Each sub-workflow with what kind of unit it runs for, and how deep. */
function childrenOf(outcome: ModelOutcome, depth = 1): { child: ModelChild; kind: string; depth: number }[] {
  const inside = allInstances(outcome).map((nodes) => ({ nodes, where: " in an instance" }));
  return [{ nodes: outcome as ModelNodes, where: "" }, ...inside].flatMap(({ nodes, where }) => nodes.tasks.flatMap(({ children = [], items }) => (
    children.flatMap((child) => [{ child, kind: `${items ? "item" : "task"}${where}`, depth }, ...childrenOf(child.outcome, depth + 1)]))));
}

/** Codes that tasks and items ended with. */
function codesOf(outcome: ModelOutcome): (string | undefined)[] {
  return [outcome, ...allInstances(outcome)].flatMap(({ tasks }) => tasks.flatMap(({ errorCode, items = [] }) => [errorCode, ...items.map(({ error }) => error?.code)]));
}

test("every definition is one that can be submitted", () => {
  for (const item of [...cases, ...parents]) expect(faults(item.definition, item.context), JSON.stringify(item)).toEqual([]);
});

test("all that can come of groups does: instances at every depth, of every status, with what is skipped and what is not", () => {
  const groups = ran.flatMap((outcome) => [outcome, ...allInstances(outcome)]).flatMap((nodes) => nodes.groups);
  const instances = ran.flatMap(allInstances);
  expect(new Set(ran.flatMap((outcome) => depthsOf(outcome)))).toEqual(new Set([1, 2, 3]));
  expect(new Set(groups.map(({ status }) => status))).toEqual(new Set(["COMPLETED", "FAILED", "SKIPPED"]));
  expect(new Set(instances.map(({ status }) => status))).toEqual(new Set(["COMPLETED", "FAILED"]));
  expect(new Set(instances.flatMap(({ tasks }) => tasks.map(({ status, errorCode }) => `${status} ${status === "SKIPPED" ? errorCode : ""}`.trim())))).toEqual(
    new Set(["COMPLETED", "FAILED", "SKIPPED UPSTREAM", "SKIPPED CONDITION"]));
  expect(groups.filter(({ status, instances: all }) => status === "COMPLETED" && all?.length === 0).length).toBeGreaterThan(0);
  expect(ran.filter(({ status }) => status === "COMPLETED").length).toBeGreaterThan(RUNS / 5);
  expect(ran.length).toBeGreaterThan(RUNS / 2);
});

test("what completed in instances has to be undone: inside one group and inside several, of items too, and of instances that failed within what is tolerated", () => {
  const failed = ran.filter(({ status }) => status === "FAILED");
  const owed = failed.flatMap((outcome) => [...undoables(outcome).values()]).filter(({ scope, task }) => scope.instance && task.status === "COMPLETED");
  expect(owed.length).toBeGreaterThan(RUNS / 5);
  expect(owed.filter(({ scope }) => depthOf(scope) > 1).length).toBeGreaterThan(5);
  expect(owed.filter(({ task }) => task.items?.some(({ status }) => status === "COMPLETED")).length).toBeGreaterThan(RUNS / 40);
  const tolerated = failed.flatMap(allInstances).filter(({ status, scope }) => status === "FAILED" && owed.some((task) => task.scope === scope));
  expect(tolerated.length).toBeGreaterThan(RUNS / 20);
});

test("groups fail fast in instances, around them and beside them, each cancelling something for sure", () => {
  const loose = cases.flatMap(({ definition }, at) => {
    const outcome = outcomes[at];
    return outcome ? [{ ran: new Set([outcome, ...allInstances(outcome)].flatMap(nodesThatRan)), nodes: looseEnds(definition, outcome).nodes }] : [];
  });
  const count = (looseness: Looseness, where: (address: string) => boolean): number =>
    loose.flatMap(({ ran, nodes }) => [...nodes].filter(([address, found]) => found === looseness && where(address) && ran.has(address))).length;
  const isInside = (address: string): boolean => address.includes("[");
  const groups = new Set(ran.flatMap((outcome) => [outcome, ...allInstances(outcome)].flatMap((nodes) => nodes.groups.map(({ address }) => address))));
  expect(count("DOOMED", isInside)).toBeGreaterThan(5);
  expect(count("DOOMED", (address) => !isInside(address))).toBeGreaterThan(5);
  expect(count("CUT", isInside)).toBeGreaterThan(RUNS / 20);
  expect(count("CUT", (address) => groups.has(address))).toBeGreaterThan(1);
  expect(count("SWAYED", isInside)).toBeGreaterThan(5);
});

/** As the reference has it, where nothing is cancelled. */
function nodesThatRan({ tasks, groups }: ModelNodes): string[] {
  return [...tasks, ...groups].filter(({ status }) => status !== "SKIPPED").map(({ address }) => address);
}

function depthOf({ instance }: ModelScope): number {
  return instance ? 1 + depthOf(instance.outside) : 0;
}

test("tasks and items, in instances too, run sub-workflows of either end, which run others and have instances of their own", () => {
  const found = parentsRan.flatMap((outcome) => childrenOf(outcome));
  const kinds = ["task", "item", "task in an instance", "item in an instance"];
  expect(new Set(found.map(({ kind, child }) => `${kind} ${child.outcome.status}`))).toEqual(new Set(kinds.flatMap((kind) => [`${kind} COMPLETED`, `${kind} FAILED`])));
  expect(new Set(found.map(({ depth, child }) => `${depth} ${child.outcome.status}`))).toEqual(new Set(["1 COMPLETED", "1 FAILED", "2 COMPLETED", "2 FAILED"]));
  expect(found.some(({ child }) => allInstances(child.outcome).length > 0)).toBe(true);
  expect(new Set(found.map(({ child }) => child.definition.contextSchema !== undefined))).toEqual(new Set([true, false]));
  const codes = parentsRan.flatMap(codesOf);
  expect(codes).toContain("CHILD_FAILED");
  expect(codes).toContain("CHILD_INVALID");
});

test("a failed sub-workflow is followed by one of the next attempt, which may complete", () => {
  const tasks = parentsRan.flatMap((outcome) => [outcome, ...allInstances(outcome)]).flatMap((nodes) => nodes.tasks);
  const second = tasks.flatMap(({ children = [] }) => children.filter(({ unit, attempt }) => attempt === 2 && children.some((first) => first.unit === unit && first.attempt === 1 && first.outcome.status === "FAILED")));
  expect(new Set(second.map(({ outcome }) => outcome.status))).toEqual(new Set(["COMPLETED", "FAILED"]));
});

test("about a fifth of the workflows that the property tests run have tasks that run others, and many of those come to it", () => {
  const share = fc.sample(workflowCase, { numRuns: PARENTS, seed: 7 }).filter(({ children }) => children).length / PARENTS;
  expect(share).toBeGreaterThan(0.15);
  expect(parentsRan.filter((outcome) => childrenOf(outcome).length > 0).length).toBeGreaterThan(PARENTS / 3);
});
