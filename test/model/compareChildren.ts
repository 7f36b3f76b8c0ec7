/** The sub-workflows that a workflow's tasks have run: one per attempt, linked both ways, and each what its own reference says. */

import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { ParentLink } from "../../src/engine/children.js";
import { nodeKey } from "../../src/engine/nodeKey.js";
import type { WorkflowDetail, WorkflowSnapshot } from "../../src/engine/snapshot.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { CALLER } from "../support/testNode.js";
import { isCompensation } from "./compensations.js";
import type { ReadTask } from "./instances.js";
import { loosenessOf, type Loose } from "./loose.js";
import type { ModelChild, ModelNodes, ModelOutcome, ModelTask } from "./outcome.js";

type FoundChild = WorkflowSnapshot & { parent: ParentLink };

/** The parent, which has ended, with all its tasks, those in instances at any depth included. */
interface Parent {
  detail: WorkflowDetail;
  tasks: readonly ReadTask[];
}

export interface ChildChecks {
  node: FanwireNode;
  /** Waits for its end, and compares. Answers its id and those of all below it. @param mayBeCancelled with what it ran for */
  check(id: string, child: ModelChild, mayBeCancelled: boolean): Promise<string[]>;
  /** Waits for its end, and looks at what is so whatever the reference says. */
  checkAlone(child: WorkflowSnapshot): Promise<unknown>;
}

/** Answers the ids of all workflows below this one. @param undoing what compensations run, as far as it is known */
export async function checkChildren(checks: ChildChecks, parent: Parent, model: ModelOutcome, loose: Loose, undoing: readonly ModelChild[]): Promise<string[]> {
  const found = await childrenOf(checks.node, parent.detail.id);
  const keys = found.map(({ parent: { node, path, unit, attempt } }) => `${nodeKey(node, path)} ${unit} ${attempt}`);
  expect([...new Set(keys)], "one sub-workflow per attempt").toEqual(keys);
  const units = new Units(parent.tasks);
  const all = [...expectedIn(model, loose, units), ...undoing.map((child): Expected => ({ child, mayBeCancelled: false }))];
  const expected = new Map(all.map((one): [string, Expected] => [attemptOf(one.child), one]));
  const ids = await Promise.all(found.map(async (child) => {
    const attempt = attemptOf({ unit: child.parent.task, attempt: child.parent.attempt });
    const known = expected.get(attempt);
    if (known) return checkKnown(checks, parent.detail, child, known);
    expect(isFree(units.taskOf(child.parent.task), loose), `${attempt} runs ${child.name}`).toBe(true);
    return checkFree(checks, child);
  }));
  const there = new Set(found.map((child) => attemptOf({ unit: child.parent.task, attempt: child.parent.attempt })));
  const firm = [...expected].filter(([, { mayBeCancelled }]) => !mayBeCancelled).map(([attempt]) => attempt);
  expect(firm.filter((attempt) => !there.has(attempt)), "attempts without a sub-workflow").toEqual([]);
  await checkLinks(checks.node, parent.detail, found.filter((child) => !units.isCancelled(child.parent.task)));
  await checkErrors(checks.node, parent.detail, found.filter((child) => units.hasEnded(child.parent.task, child.parent.attempt)));
  return ids.flat();
}

async function childrenOf({ engine }: FanwireNode, id: string): Promise<FoundChild[]> {
  const { edges, hasNextPage } = await engine.workflows(CALLER, {}, { first: 1000 });
  expect(hasNextPage).toBe(false);
  return edges.map(({ node }) => node).filter((node): node is FoundChild => node.parent?.workflowId === id);
}

function attemptOf({ unit, attempt }: { unit: string; attempt: number }): string {
  return `${unit} ${attempt}`;
}

/** Tasks, and items of those that are expanded, as their readers see them. */
class Units {
  readonly #units = new Map<string, { task: string; status: string; attempt: number }>();

  constructor(tasks: readonly ReadTask[]) {
    for (const { task: { address, status, attempt }, items } of tasks) {
      this.#units.set(address, { task: address, status, attempt });
      for (const item of items ?? []) this.#units.set(`${address}[${item.identifier}]`, { task: address, status: item.status, attempt: item.attempt });
    }
  }

  taskOf(unit: string): string | undefined {
    return this.#units.get(unit)?.task;
  }

  /** Whether there may have been such an attempt. How many a cancelled item had is not kept. */
  mayHave(unit: string, attempt: number): boolean {
    const found = this.#units.get(unit);
    return found !== undefined && (attempt <= found.attempt || (unit !== found.task && found.status === "CANCELLED"));
  }

  isCancelled(unit: string): boolean {
    return this.#units.get(unit)?.status === "CANCELLED";
  }

  /** Whether an attempt ended by itself, whatever was cancelled around it. */
  hasEnded(unit: string, attempt: number): boolean {
    const found = this.#units.get(unit);
    return found !== undefined && (attempt < found.attempt || (attempt === found.attempt && found.status !== "CANCELLED"));
  }
}

/** What runs for an attempt that ended by itself, or that nothing cancels, is there and has ended by itself as well. */
interface Expected { child: ModelChild; mayBeCancelled: boolean }

/** @param cut a failure cancelled all around */
function expectedIn({ tasks, groups }: ModelNodes, loose: Loose, units: Units, cut = loose.cut): Expected[] {
  const inside = groups.flatMap(({ address, instances = [], cancelsInstances }) => {
    const looseness = loosenessOf(loose, address, cut);
    if (looseness === "SWAYED" || looseness === "DOOMED") return [];
    return instances.flatMap((instance) => expectedIn(instance, loose, units, looseness === "CUT" || cancelsInstances));
  });
  return [...tasks.flatMap((task) => expectedOf(task, loose, units, cut)), ...inside];
}

function expectedOf({ address, children = [], cancelsItems }: ModelTask, loose: Loose, units: Units, cut: boolean): Expected[] {
  const looseness = loosenessOf(loose, address, cut);
  if (looseness === "SWAYED" || looseness === "DOOMED") return [];
  if (looseness !== "CUT" && !cancelsItems) return children.map((child) => ({ child, mayBeCancelled: false }));
  const came = children.filter(({ unit, attempt }) => units.mayHave(unit, attempt));
  return came.map((child) => ({ child, mayBeCancelled: !units.hasEnded(child.unit, child.attempt) }));
}

/** Whether nothing is known of what a task runs, as it undoes something, or or a group around it, may have gone another way. */
function isFree(task: string | undefined, { nodes }: Loose): boolean {
  return (task !== undefined && isCompensation(task)) || [...nodes].some(([address, looseness]) => looseness === "SWAYED" && (task === address || task?.startsWith(`${address}[`)));
}

async function checkKnown(checks: ChildChecks, { id, depth }: WorkflowDetail, child: FoundChild, { child: expected, mayBeCancelled }: Expected): Promise<string[]> {
  expect(child).toMatchObject({ name: expected.definition.name, depth: depth + 1, parent: { workflowId: id, task: expected.unit } });
  expect(JSON.stringify(child.plan.definition), `the definition that ${expected.unit} runs`).toBe(JSON.stringify(expected.definition));
  return checks.check(child.id, expected, mayBeCancelled);
}

async function checkFree(checks: ChildChecks, child: WorkflowSnapshot): Promise<string[]> {
  await checks.checkAlone(child);
  const below = await Promise.all((await childrenOf(checks.node, child.id)).map((inner) => checkFree(checks, inner)));
  return [child.id, ...below.flat()];
}

/** The task, or item, knows the workflow of its last attempt. @param found for those that were not cancelled */
async function checkLinks({ engine }: FanwireNode, detail: WorkflowDetail, found: readonly FoundChild[]): Promise<void> {
  const last = new Map<string, FoundChild>();
  for (const child of [...found].sort((left, right) => left.parent.attempt - right.parent.attempt)) last.set(child.parent.task, child);
  await Promise.all([...last.values()].map(async ({ id, parent: { node, path, unit, task } }) => {
    const known = unit === "-" ? (await engine.task(detail, task))?.childId : await engine.childOfItem(detail.id, nodeKey(node, path), Number(unit));
    expect(known, `the sub-workflow that ${task} knows of`).toBe(id);
  }));
}

/** A task's failed attempts name theirs. @param found for attempts that ended by themselves */
async function checkErrors({ engine }: FanwireNode, detail: WorkflowDetail, found: readonly FoundChild[]): Promise<void> {
  for (const { id, parent, status } of found.filter(({ parent: { unit }, status: end }) => unit === "-" && end === "FAILED")) {
    const state = await engine.task(detail, parent.task);
    const attempt = state && engine.attempts(state).find(({ number }) => number === parent.attempt);
    // The last attempt's error may be that of the fallback.
    if (parent.attempt === state?.attempt && attempt?.error?.code !== "CHILD_FAILED") continue;
    const details = attempt?.error?.details as JsonObject | undefined;
    expect([details?.["workflowId"], details?.["status"]], `what attempt ${parent.attempt} of ${parent.task} says`).toEqual([id, status]);
  }
}
