/** The workflows that the property tests run are valid where groups are expanded, and have something of everything. */

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { declareWorkflow, mayHaveVariable, sureVariables, type NodeDecl, type ScopeDecl } from "./declared.js";
import { workflowCases, type Case } from "./cases.js";
import { looseEnds, type Looseness } from "./loose.js";
import type { ModelScope } from "./ModelScope.js";
import { allInstances, type ModelNodes, type ModelOutcome } from "./referenceModel.js";
import { modelOf } from "./runCase.js";
import { undoables } from "./undoing.js";

const RUNS = 800;
const cases = fc.sample(workflowCases({ expandedGroups: 1 }), { numRuns: RUNS, seed: 7 });
/** Undefined of those that are too much; a definition whose nodes wait for each other is an error. */
let outcomes: (ModelOutcome | undefined)[];
beforeAll(async () => {
  outcomes = [];
  for (const item of cases) outcomes.push(await modelOf(item));
}, 120_000);

/** What no engine may accept, as text. */
function faults({ definition, context }: Case): string[] {
  const reducers = new Set(definition.reducers?.map(({ key }) => key));
  return scopesOf(declareWorkflow(definition)).flatMap((scope) => [
    ...[...scope.writersOf].filter(([key, writers]) => writers.length > 1 && !reducers.has(key)).map(([key]) => `two writers of ${key}`),
    ...[...scope.writersOf.keys()].filter((key) => !scope.group && Object.hasOwn(context, key) && !reducers.has(key)).map((key) => `${key} is in the context`),
    ...(scope.group ? sureVariables(scope.group.expansion) : []).filter((name) => scope.writersOf.has(name)).map((name) => `${name} is a variable too`),
    ...(scope.group?.keys ?? []).filter((key) => !scope.writersOf.has(key)).map((key) => `nobody writes the result key ${key}`),
    ...scope.nodes.flatMap((node) => [...node.required].filter((name) => !isKnown(scope, name, context)).map((name) => `${node.address} reads ${name}`)),
    ...scope.nodes.filter((node) => selfReads(node).length > 0).map(({ address }) => `${address} reads what it writes`),
  ]);
}

function scopesOf(scope: ScopeDecl): ScopeDecl[] {
  return [scope, ...scope.nodes.flatMap((node) => (node.kind === "GROUP" ? scopesOf(node.inner) : []))];
}

function isKnown({ writersOf, group }: ScopeDecl, name: string, context: Case["context"]): boolean {
  if (writersOf.has(name)) return true;
  if (!group) return Object.hasOwn(context, name);
  return sureVariables(group.expansion).includes(name) || mayHaveVariable(group.expansion, name) || isKnown(group.scope, name, context);
}

function selfReads(node: NodeDecl): string[] {
  return [...node.readable].filter((name) => [...node.keys, ...node.optionalKeys].includes(name));
}

/** How many groups each instance stands in. */
function depthsOf({ groups }: ModelNodes, depth = 1): number[] {
  return groups.flatMap(({ instances = [] }) => instances.flatMap((instance) => [depth, ...depthsOf(instance, depth + 1)]));
}

test("every definition is one that can be submitted", () => {
  for (const item of cases) expect(faults(item), JSON.stringify(item)).toEqual([]);
});

test("all that can come of groups does: instances at every depth, of every status, with what is skipped and what is not", () => {
  const ran = outcomes.filter((outcome): outcome is ModelOutcome => outcome !== undefined);
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
  const failed = outcomes.filter((outcome) => outcome?.status === "FAILED") as ModelOutcome[];
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
  const groups = new Set(outcomes.flatMap((outcome) => (outcome ? [outcome, ...allInstances(outcome)].flatMap((nodes) => nodes.groups.map(({ address }) => address)) : [])));
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
