/** What the timers of sub-workflows come to: the parent's task goes on, or a workflow that nobody waits for is cancelled. */

import { addressOf } from "./addressOf.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { isWorkflowEnded } from "../workflow/status.js";
import { readChild, RECHECK_MS, type ChildWait, type ParentLink } from "./children.js";
import type { ContextReader } from "./ContextReader.js";
import { nodeKey } from "./nodeKey.js";
import type { Outcome, UnitRecord, UnitRef, WorkflowReader, WorkflowStore } from "./ports.js";
import type { WorkflowSnapshot } from "./snapshot.js";
import type { UnitOutcomes } from "./unitOutcomes.js";

/** The timer comes again after so long. */
export interface Again { againMs: number }
/** A waiting unit as it stands. */
export interface Waiting { plan: Plan; node: PlanNode; ref: UnitRef }

/** A child may end before its parent has noted that it waits. */
const NOTICE_AGAIN_MS = 100;
const WATCH_AGAIN_MS = 10_000;

export interface ChildTimersServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
  outcomes: UnitOutcomes;
}

export class ChildTimers {
  constructor(private readonly services: ChildTimersServices) {}

  /** A child has ended: its result is recorded with the parent's task, in the parent's shard. */
  async ended(childId: string): Promise<Outcome[] | Again> {
    const { reader, store } = this.services;
    const child = await reader.snapshot(childId);
    if (!child?.parent || !isWorkflowEnded(child.status)) return [];
    const state = await this.#parentState(child, child.parent);
    if (state === "GONE") return [];
    if (state === "COMING") return { againMs: NOTICE_AGAIN_MS };
    const outcomes = await this.#settle(state, child);
    const shard = shardOf(state.ref.workflowId);
    await store.completeTasks(shard, { worker: "timers", request: "", want: 0, lanes: [] }, outcomes);
    // It need not look again.
    const { workflowId, node, path, unit, token } = state.ref;
    await store.settleTimers(shard, [{ kind: "DELAY", member: `D ${workflowId} ${nodeKey(node, path)} ${unit} ${token}`, workflowId, node, unit, token }]);
    return [];
  }

  /** Once its parent waits for it, the parent's own steps see to its end; one whose parent never will is cancelled. */
  async watch(childId: string): Promise<Outcome[] | Again> {
    const child = await this.services.reader.snapshot(childId);
    if (!child?.parent || isWorkflowEnded(child.status)) return [];
    const state = await this.#parentState(child, child.parent);
    if (state === "COMING") return { againMs: WATCH_AGAIN_MS };
    if (state === "GONE") await this.#cancel(child, "The task that it ran for does not wait for it");
    return [];
  }

  async abandoned(childId: string): Promise<Outcome[]> {
    const child = await this.services.reader.snapshot(childId);
    if (child && !isWorkflowEnded(child.status)) await this.#cancel(child, "The task that it ran for was cancelled, or its time was up");
    return [];
  }

  /** A task has waited for a while: finds the end of a child whose notice was lost, a child that is gone, and the end of its time. */
  async recheck(waiting: Waiting, wait: ChildWait): Promise<Outcome[] | Again> {
    const child = await this.services.reader.snapshot(wait.childId);
    if (child && !isWorkflowEnded(child.status)) {
      const leftMs = (wait.untilMs ?? Infinity) - Date.now();
      if (leftMs > 0) return { againMs: Math.min(leftMs, RECHECK_MS) };
      const { plan, node, ref } = waiting;
      const address = await addressOf(this.services.reader, plan, node, ref);
      if ((await this.#cancel(child, `The time of ${address} was up`)) !== "ALREADY_ENDED") return this.services.outcomes.fail(plan, node, ref, timeout(node, address));
    }
    // It ended while it was being cancelled.
    return this.#settle(waiting, await this.services.reader.snapshot(wait.childId), wait.childId);
  }

  async #settle({ plan, node, ref }: Waiting, child: WorkflowSnapshot | null, childId = child?.id ?? ""): Promise<Outcome[]> {
    const { outcomes, contexts } = this.services;
    if (child?.status !== "COMPLETED") return outcomes.fail(plan, node, ref, failure(await addressOf(this.services.reader, plan, node, ref), childId, child));
    const value = inOneOrder(await contexts.read(child.id, child.plan));
    return outcomes.complete(plan, node, ref, { text: JSON.stringify(value), value });
  }

  /** COMING: the attempt that started the child has not come to waiting for it yet. GONE: it never will. */
  async #parentState(child: WorkflowSnapshot, parent: ParentLink): Promise<Waiting | "COMING" | "GONE"> {
    const { reader } = this.services;
    const { workflowId, unit, attempt } = parent;
    const k = nodeKey(parent.node, parent.path);
    const record = await reader.unit(workflowId, k, unit);
    if (!record) return (await this.#isItemOpen(parent)) ? "COMING" : "GONE";
    if (record.attempt !== attempt) return "GONE";
    if (record.status === "RUNNING" || record.status === "READY") return "COMING";
    const wait = record.status === "WAITING" ? readChild(await reader.delayedResult(workflowId, k, unit)) : undefined;
    const plan = wait?.childId === child.id ? await reader.planOf(workflowId) : undefined;
    const node = plan?.nodes[parent.node];
    return plan && node ? { plan, node, ref: refOf(parent, record) } : "GONE";
  }

  /** An item has no record of its own while the range that it came in with is being run. */
  async #isItemOpen({ workflowId, node, path, unit }: ParentLink): Promise<boolean> {
    if (unit === "-") return false;
    const [row] = await this.services.reader.itemPage(workflowId, nodeKey(node, path), Number(unit), 1);
    return row !== undefined && (row.status === "PENDING" || row.status === "READY" || row.status === "RUNNING");
  }

  #cancel(child: WorkflowSnapshot, message: string): Promise<"OK" | "NOT_FOUND" | "ALREADY_ENDED"> {
    return this.services.store.cancelWorkflow(child.tenant, child.id, JSON.stringify({ code: "CANCELLED", message, retryable: false }));
  }
}

function refOf({ workflowId, node, path, unit }: ParentLink, { attempt, token, base }: UnitRecord): UnitRef {
  return { workflowId, node, ...(path ? { path } : {}), unit, attempt, token, ...(base === undefined ? {} : { base }) };
}

function shardOf(workflowId: string): number {
  return Number(workflowId.slice(1, workflowId.indexOf("-")));
}

function timeout({ task }: PlanNode, address: string): TaskError {
  return { code: "TIMEOUT", message: `An attempt of ${address} took longer than ${task.timeoutMs} ms`, retryable: true, task: address };
}

/** A context's keys come in the order in which they were written, or in none; here they become part of a value. */
function inOneOrder(context: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(context).sort().map((key) => [key, context[key] as JsonValue]));
}

/** The message may become part of the context: it says nothing of the child's id, nor of what failed first in it. The details do. */
function failure(address: string, childId: string, child: WorkflowSnapshot | null): TaskError {
  const error = child?.error;
  const why = child ? `ended ${child.status}` : "is gone";
  const details = { workflowId: childId, ...(child ? { status: child.status } : {}), ...(error ? { error: { ...error } as unknown as JsonValue } : {}) };
  return { code: "CHILD_FAILED", message: `The workflow that ${address} ran ${why}`, retryable: true, task: address, details };
}
