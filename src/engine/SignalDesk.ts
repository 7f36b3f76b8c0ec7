/** Takes answers for tasks that wait for a signal or an approval: the verb signalTask. */

import { problem, type Problem } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import { nearMiss } from "../workflow/nearMiss.js";
import type { Plan } from "../workflow/plan.js";
import { isWorkflowEnded } from "../workflow/status.js";
import { addressOf } from "./addressOf.js";
import type { Caller } from "./Engine.js";
import { itemPosition, locate, type Located } from "./locate.js";
import { nodeKey } from "./nodeKey.js";
import type { UnitRef, WorkflowReader, WorkflowStore } from "./ports.js";
import { valueProblems } from "./provideProblems.js";
import type { Settlement } from "./Settlement.js";
import { answerResult, readSignal, type SignalOutcome, type SignalWait } from "./signals.js";
import { UnitOutcomes } from "./unitOutcomes.js";

export interface SignalTaskInput {
  workflowId: string;
  /** Address of the task, of an item with its identifier: group.task[x]. */
  task: string;
  /** Default null. */
  payload?: JsonValue;
  outcome: SignalOutcome;
}

export interface SignalTaskOutcome {
  /** Address of the task, without the item, when it is known. */
  address?: string;
  problems: Problem[];
}

export class SignalDesk {
  readonly #outcomes: UnitOutcomes;

  constructor(private readonly services: { store: WorkflowStore; reader: WorkflowReader; settlement: Settlement }) {
    this.#outcomes = new UnitOutcomes(services.settlement, services.reader);
  }

  /** The first answer counts; the task goes on in the same step. */
  async signal(caller: Caller, input: SignalTaskInput): Promise<SignalTaskOutcome> {
    const { reader, store } = this.services;
    const { workflowId, payload = null, outcome } = input;
    const snapshot = await reader.snapshot(workflowId);
    if (snapshot?.tenant !== caller.tenant) return { problems: [problem("NOT_FOUND", `There is no workflow ${workflowId}`, "workflowId")] };
    const place = await locate(reader, snapshot.plan, workflowId, input.task);
    if (place?.node.kind !== "TASK") return { problems: [unknownTask(snapshot.plan, input.task)] };
    const { node } = place;
    const address = await addressOf(reader, snapshot.plan, node, { workflowId, path: place.path });
    if (isWorkflowEnded(snapshot.status)) return { address, problems: [problem("ALREADY_ENDED", `Workflow ${workflowId} has already ended`, "workflowId")] };
    const problems = valueProblems(payload, "payload");
    if (problems.length > 0) return { address, problems };
    const waiting = await this.#waiting(workflowId, place);
    if (!waiting) return { address, problems: [notWaiting(input.task)] };
    const outcomes = await this.#outcomes.settle(snapshot.plan, node, waiting.ref, () => answerResult(waiting.wait, { outcome, payload }));
    const code = outcomes[0] ? await store.signalTask(caller.tenant, outcomes[0], caller.request) : "NOT_WAITING";
    if (code === "OK") return { address, problems: [] };
    return { address, problems: [code === "NOT_WAITING" ? notWaiting(input.task) : problem(code, `Workflow ${workflowId} is no longer open`, "workflowId")] };
  }

  async #waiting(workflowId: string, { node, path, identifier }: Located): Promise<{ ref: UnitRef; wait: SignalWait } | undefined> {
    const { reader } = this.services;
    const key = nodeKey(node.index, path);
    const unit = identifier === undefined ? "-" : (await itemPosition(reader, workflowId, key, identifier))?.toString();
    const record = unit === undefined ? undefined : await reader.unit(workflowId, key, unit);
    if (unit === undefined || record?.status !== "WAITING") return undefined;
    const wait = readSignal(await reader.delayedResult(workflowId, key, unit));
    const { attempt, token, base } = record;
    return wait && { wait, ref: { workflowId, node: node.index, path, unit, attempt, token, ...(base === undefined ? {} : { base }) } };
  }
}

function unknownTask(plan: Plan, task: string): Problem {
  const near = nearMiss(task, plan.nodeByAddress.keys());
  return problem("UNKNOWN_TASK", `The workflow has no task ${task}`, "task", near === undefined ? "Give its address: group.task, or group.task[item]." : `Did you mean ${near}?`);
}

function notWaiting(task: string): Problem {
  return problem("NOT_WAITING", `${task} does not wait for an answer`, "task");
}
