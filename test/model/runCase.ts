/** Runs one workflow on real nodes and holds what came of it against the reference. */

import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { SubmitWorkflowInput } from "../../src/engine/Engine.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../support/terminalEvent.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { Keys, shardOf, shardPrefix } from "../../src/store/keys.js";
import { CALLER } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { foldLog } from "./checkLog.js";
import { compare, type Observed } from "./compare.js";
import type { Case } from "./cases.js";
import { runsOthers } from "./children.js";
import { checkChildren, type ChildChecks } from "./compareChildren.js";
import { checkCompensations } from "./compensations.js";
import { hasExpandedGroups } from "./expandedGroups.js";
import { MODEL_HANDLERS } from "./handlers.js";
import { isLeftToTime, readInstances, readTask, type ReadTask } from "./instances.js";
import { coordinationFields, tellsOfCompensation } from "./leftovers.js";
import { isExactIn, looseEnds, type Loose } from "./loose.js";
import { Outsider } from "./Outsider.js";
import { contextAtFirst, exportedBeside } from "./outside.js";
import { expectNoSecret } from "./secrets.js";
import { expectedExports, exported } from "./sessions.js";
import { Children } from "./runChild.js";
import { runModel, TooMuch, type ModelChild, type ModelOutcome } from "./referenceModel.js";
import { undoingReads, type Undoable } from "./undoing.js";

const DEADLINE_MS = 10_000;
const LIMITS = { items: 200, characters: 100_000 };

/** What the reference says; undefined of a workflow that is too large to be worth running. */
export async function modelOf({ definition, context, children = [], outside }: Case): Promise<ModelOutcome | undefined> {
  try {
    return await runModel(definition, context, MODEL_HANDLERS, LIMITS, new Children(children), outside?.answers);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

/** Those in its session that it was submitted with, if any, and who plays everybody outside of it. */
export interface Submitted {
  id: string;
  outsider: Outsider;
  exporterId?: string;
}

/** Names are made of what they stand for, so that what is registered already is the same. */
export async function submit(node: FanwireNode, item: Case): Promise<Submitted> {
  const { definition, children = [], outside: { exporter } = {} } = item;
  for (const child of children) expect((await node.engine.registerDefinition(CALLER, child)).problems).toEqual([]);
  const sessionId = `session-${randomBytes(6).toString("hex")}`;
  const one = async (input: SubmitWorkflowInput): Promise<string> => {
    const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, exporter ? { ...input, sessionId } : input);
    expect(problems).toEqual([]);
    return workflowId as string;
  };
  const early = exporter?.isFirst ? await one(exporter) : undefined;
  const id = await one({ definition, context: contextAtFirst(item) });
  const exporterId = early ?? (exporter ? await one(exporter) : undefined);
  return { id, outsider: new Outsider(node, id, item, exporterId), ...(exporterId === undefined ? {} : { exporterId }) };
}

export interface CheckOptions {
  /** Workers may be lost meanwhile: attempts may start again. */
  losses?: boolean;
  /** It may have been retried: attempts went on from where they were, those of compensations too. */
  retried?: boolean;
  /** Until it must have ended. Default 10,000. */
  deadlineMs?: number;
}

/** Submits on one node, reads on the other, and compares; answers the ids of the workflow and of all sub-workflows. */
export async function checkCase(nodes: readonly [FanwireNode, FanwireNode], keyPrefix: string, item: Case, model: ModelOutcome, options: CheckOptions = {}): Promise<string[]> {
  const [writer, reader] = nodes;
  const submitted = await submit(writer, item);
  const [, ids] = await Promise.all([submitted.outsider.follow(), checkEnded(reader, keyPrefix, submitted, item, model, options)]);
  return ids;
}

interface Check { node: FanwireNode; keyPrefix: string; options: CheckOptions }

/** What can be read of a workflow once it has ended. */
interface Seen extends Observed {
  events: WorkflowEvent[];
  tasks: ReadTask[];
  /** Those in instances, at any depth, included. */
  all: ReadTask[];
}

/** What came of a workflow that has ended, read in every way there is, is what the reference says. Answers the ids of all that ran with it. */
export async function checkEnded(node: FanwireNode, keyPrefix: string, { id, outsider, exporterId }: Submitted, item: Case, model: ModelOutcome, options: CheckOptions = {}): Promise<string[]> {
  const check = { node, keyPrefix, options };
  if (exporterId !== undefined) await eventsUntilEnd(node, exporterId, options.deadlineMs);
  const ids = await checkWorkflow(check, id, item, model);
  const context = await node.engine.context(id);
  for (const key of outsider.given) expect(JSON.stringify(context[key]), `context.${key}, which was provided`).toBe(JSON.stringify(item.context[key]));
  return exporterId === undefined ? ids : [...ids, exporterId];
}

async function checkWorkflow(check: Check, id: string, item: Case, expected: ModelOutcome, mayBeCancelled = false): Promise<string[]> {
  const { definition } = item;
  const seen = await read(check, id, definition);
  const { context, outcome } = withoutMissing(item, expected, seen);
  const { detail, all: tasks } = seen;
  const model = mayBeCancelled && detail.status === "CANCELLED" ? { ...outcome, status: detail.status } : outcome;
  const loose = looseEnds(definition, model, check.options);
  const undoing = await compareOutcome(seen, model, context, loose, check.options);
  const [exports, left] = await Promise.all([exported(check.node, detail), fieldsLeft(check, detail)]);
  expect(exports).toEqual({ ...expectedExports(definition, { status: detail.status, context: seen.context }), ...exportedBeside(item) });
  expect(left).toEqual([]);
  expectNoSecret([seen.events, seen.context, detail.tasks.map(({ error }) => error), exports]);
  return runsOthers(definition) ? [id, ...(await checkChildren(childChecks(check), { detail, tasks }, model, loose, undoing))] : [id];
}

/** Nobody waits for a key that nobody reads: the workflow may have ended before it came. */
function withoutMissing({ definition: { externalKeys = [] }, context: initial }: Case, outcome: ModelOutcome, { context }: Seen): { context: JsonObject; outcome: ModelOutcome } {
  const isThere = ([key]: [string, unknown]): boolean => Object.hasOwn(context, key) || !externalKeys.includes(key);
  const there = (values: JsonObject): JsonObject => Object.fromEntries(Object.entries(values).filter(isThere));
  return { context: there(initial), outcome: { ...outcome, context: there(outcome.context) } };
}

async function compareOutcome(seen: Seen, model: ModelOutcome, initial: JsonObject, loose: Loose, { retried }: CheckOptions): Promise<ModelChild[]> {
  const { detail, events, all: tasks } = seen;
  compare(seen, model, initial, loose);
  const { externalKeys = [] } = detail.plan.definition;
  // A workflow may have to undo what completed before all of its keys have come.
  const maySee = ({ declared }: Undoable): boolean => !undoingReads(declared).some((name) => externalKeys.includes(name));
  const isExact = (one: Undoable): boolean => !retried && isExactIn(loose, one.scope) && !isLeftToTime(model, one.task.address) && maySee(one);
  // What was undone before the workflow was retried has begun anew.
  const sinceRetried = events.slice(events.findLastIndex(({ type }) => type === "WORKFLOW_RETRIED") + 1);
  return checkCompensations({ detail, tasks }, sinceRetried, model, isExact);
}

async function read({ node, options }: Check, id: string, definition: WorkflowDefinition): Promise<Seen> {
  const events = options.retried ? await logOf(node, id) : await eventsUntilEnd(node, id, options.deadlineMs);
  const detail = await node.engine.workflowDetail(CALLER, id);
  if (!detail) throw new Error(`${id} is gone`);
  const outside = detail.tasks.filter(({ node: { kind, scope } }) => kind === "TASK" && scope === undefined);
  const [context, tasks] = await Promise.all([node.engine.context(id), Promise.all(outside.map((task) => readTask(node.engine, task)))]);
  const folded = foldLog(events, tasks.map(({ task }) => task.address), { ...options, nodes: detail.plan.nodes });
  const instances = hasExpandedGroups(definition) ? await readInstances(node, detail) : undefined;
  return { detail, events, context, tasks, folded, ...(instances ? { instances, all: [...instances.tasks.values()] } : { all: tasks }) };
}

async function fieldsLeft({ node, keyPrefix }: Check, { id, plan }: WorkflowDetail): Promise<string[]> {
  const fields = await coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, shardOf(id) as number)), id);
  return fields.filter((field) => !tellsOfCompensation(plan, field));
}

function childChecks(check: Check): ChildChecks {
  const once = { ...check, options: { ...check.options, retried: false } };
  return {
    node: check.node,
    retried: check.options.retried ?? false,
    check: (id, child, mayBeCancelled) => checkWorkflow(once, id, child, child.outcome, mayBeCancelled),
    checkAlone: async ({ id, plan: { definition } }) => {
      const { detail, events, all } = await read(once, id, definition);
      await checkCompensations({ detail, tasks: all }, events);
      await waitFor(async () => (await fieldsLeft(once, detail)).length === 0, { what: `the hash of ${id} to be clean`, timeoutMs: 2_000 });
    },
  };
}

export async function logOf(node: FanwireNode, id: string): Promise<WorkflowEvent[]> {
  return (await node.events.readEvents(id, 100_000, { withResults: true })).events;
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
