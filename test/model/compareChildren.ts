/** The sub-workflows that a workflow's tasks have run: one per attempt, linked both ways, and each what its own reference says. */

import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { ParentLink } from "../../src/engine/children.js";
import { nodeKey } from "../../src/engine/nodeKey.js";
import type { WorkflowDetail, WorkflowSnapshot } from "../../src/engine/snapshot.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { CALLER } from "../support/testNode.js";
import { expectedOnce, expectedRetried, isFree, nameOf, Units, type Attempt, type Expected } from "./expectedChildren.js";
import type { ReadTask } from "./instances.js";
import type { Loose } from "./loose.js";
import type { ModelChild, ModelOutcome } from "./outcome.js";

type FoundChild = WorkflowSnapshot & { parent: ParentLink };

/** The parent, which has ended, with all its tasks, those in instances at any depth included. */
interface Parent {
  detail: WorkflowDetail;
  tasks: readonly ReadTask[];
}

export interface ChildChecks {
  node: FanwireNode;
  /** The parent may have been retried. Its sub-workflows are not: each further attempt runs another one. */
  retried: boolean;
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
  const units = new Units(parent.tasks, checks.retried);
  const expected = checks.retried ? expectedRetried(model, loose, units) : expectedOnce(model, loose, units, undoing);
  const ids = await Promise.all(found.map(async (child) => {
    const known = expected.of(attemptOf(child));
    if (known) return checkKnown(checks, parent.detail, child, known);
    expect(isFree(child.parent.task, loose), `${nameOf(attemptOf(child))} runs ${child.name}`).toBe(true);
    return checkFree(checks, child);
  }));
  const there = new Set(found.map((child) => nameOf(attemptOf(child))));
  expect(expected.firm.map(nameOf).filter((attempt) => !there.has(attempt)), "attempts without a sub-workflow").toEqual([]);
  const ended = found.filter((child) => units.hasEnded(attemptOf(child)));
  await checkLinks(checks.node, parent.detail, ended.filter((child) => !units.isCancelled(child.parent.task)));
  await checkErrors(checks.node, parent.detail, ended);
  return ids.flat();
}

function attemptOf({ parent: { task, attempt } }: FoundChild): Attempt {
  return { unit: task, attempt };
}

async function childrenOf({ engine }: FanwireNode, id: string): Promise<FoundChild[]> {
  const { edges, hasNextPage } = await engine.workflows(CALLER, {}, { first: 1000 });
  expect(hasNextPage).toBe(false);
  return edges.map(({ node }) => node).filter((node): node is FoundChild => node.parent?.workflowId === id);
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
