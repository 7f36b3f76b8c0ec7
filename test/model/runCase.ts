/** Runs one workflow on real nodes and holds what came of it against the reference. */

import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { isTerminalEvent, type WorkflowEvent } from "../../src/workflow/events.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { Keys, shardOf, shardPrefix } from "../../src/store/keys.js";
import { CALLER } from "../support/testNode.js";
import { foldLog } from "./checkLog.js";
import { compare } from "./compare.js";
import type { Case } from "./cases.js";
import { checkCompensations } from "./compensations.js";
import { hasExpandedGroups } from "./expandedGroups.js";
import { MODEL_HANDLERS } from "./handlers.js";
import { isLeftToTime, readInstances, readTask } from "./instances.js";
import { coordinationFields, tellsOfCompensation } from "./leftovers.js";
import { isExactIn, looseEnds } from "./loose.js";
import { expectedExports, exported } from "./sessions.js";
import { runModel, TooMuch, type ModelOutcome } from "./referenceModel.js";
import type { Undoable } from "./undoing.js";

const DEADLINE_MS = 10_000;
const LIMITS = { items: 200, characters: 100_000 };

/** What the reference says; undefined of a workflow that is too large to be worth running. */
export async function modelOf({ definition, context }: Case): Promise<ModelOutcome | undefined> {
  try {
    return await runModel(definition, context, MODEL_HANDLERS, LIMITS);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

export async function submit(node: FanwireNode, { definition, context }: Case): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  return workflowId as string;
}

export interface CheckOptions {
  /** Workers may be lost meanwhile: attempts may start again. */
  losses?: boolean;
  /** Until it must have ended. Default 10,000. */
  deadlineMs?: number;
}

/** Submits on one node, reads on the other, and compares; answers the workflow's id. */
export async function checkCase(nodes: readonly [FanwireNode, FanwireNode], keyPrefix: string, item: Case, model: ModelOutcome, options: CheckOptions = {}): Promise<string> {
  const [writer, reader] = nodes;
  const id = await submit(writer, item);
  const events = await eventsUntilEnd(reader, id, options.deadlineMs);
  const detail = await reader.engine.workflowDetail(CALLER, id);
  if (!detail) throw new Error(`${id} is gone`);
  const outside = await Promise.all(detail.tasks.filter(({ node }) => node.kind === "TASK" && node.scope === undefined).map((task) => readTask(reader.engine, task)));
  const folded = foldLog(events, outside.map(({ task }) => task.address), { ...options, isGroup: (node) => detail.plan.nodes[node]?.kind === "GROUP" });
  const instances = hasExpandedGroups(item.definition) ? await readInstances(reader, detail) : undefined;
  const loose = looseEnds(item.definition, model);
  compare({ detail, context: await reader.engine.context(id), tasks: outside, folded, ...(instances ? { instances } : {}) }, model, item.context, loose);
  const isExact = ({ scope, task: { address } }: Undoable): boolean => isExactIn(loose, scope) && !isLeftToTime(model, address);
  await checkCompensations({ detail, tasks: instances ? [...instances.tasks.values()] : outside }, events, model, isExact);
  expect(await exported(reader, id)).toEqual(expectedExports(item.definition, model));
  const keys = new Keys(shardPrefix(keyPrefix, shardOf(id) as number));
  expect((await coordinationFields(reader.redis, keys, id)).filter((field) => !tellsOfCompensation(detail.plan, field))).toEqual([]);
  return id;
}

export async function contextAtEnd(node: FanwireNode, id: string): Promise<JsonObject> {
  await eventsUntilEnd(node, id);
  return node.engine.context(id);
}

/** @throws Error that says how far the workflow came, when it does not end in time */
async function eventsUntilEnd(node: FanwireNode, id: string, deadlineMs = DEADLINE_MS): Promise<WorkflowEvent[]> {
  const events: WorkflowEvent[] = [];
  const subscription = node.events.subscribe(id, { withResults: true });
  let late = false;
  const deadline = setTimeout(() => { late = true; void subscription.return?.(); }, deadlineMs);
  try {
    for await (const event of subscription) {
      events.push(event);
      if (isTerminalEvent(event)) return events;
    }
  } finally {
    clearTimeout(deadline);
  }
  const detail = await node.engine.workflowDetail(CALLER, id);
  const open = detail?.tasks.map(({ address, status, attempt }) => `${address} ${status} ${attempt}`).join(", ");
  throw new Error(`${id} ${late ? `has not ended within ${deadlineMs} ms` : "lost its subscription"}: ${open}; last events: ${events.slice(-5).map(({ type }) => type).join(", ")}`);
}
