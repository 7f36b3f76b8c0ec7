/** Takes answers for tasks that wait for a signal or an approval: the verb signalTask. */

import { problem, type Problem } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import { nearMiss } from "../workflow/nearMiss.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { isWorkflowEnded } from "../workflow/status.js";
import type { Caller } from "./Engine.js";
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

/** Items looked through in one read for an identifier. */
const ITEMS_PER_READ = 1000;

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
    const place = addressed(snapshot.plan, input.task);
    if (!place) return { problems: [unknownTask(snapshot.plan, input.task)] };
    const { node } = place;
    const { address } = node;
    if (isWorkflowEnded(snapshot.status)) return { address, problems: [problem("ALREADY_ENDED", `Workflow ${workflowId} has already ended`, "workflowId")] };
    const problems = valueProblems(payload, "payload");
    if (problems.length > 0) return { address, problems };
    const waiting = await this.#waiting(workflowId, node, place.identifier);
    if (!waiting) return { address, problems: [notWaiting(input.task)] };
    const outcomes = await this.#outcomes.settle(snapshot.plan, node, waiting.ref, () => answerResult(waiting.wait, { outcome, payload }));
    const code = outcomes[0] ? await store.signalTask(caller.tenant, outcomes[0]) : "NOT_WAITING";
    if (code === "OK") return { address, problems: [] };
    return { address, problems: [code === "NOT_WAITING" ? notWaiting(input.task) : problem(code, `Workflow ${workflowId} is no longer open`, "workflowId")] };
  }

  async #waiting(workflowId: string, node: PlanNode, identifier: string | undefined): Promise<{ ref: UnitRef; wait: SignalWait } | undefined> {
    const { reader } = this.services;
    const unit = identifier === undefined ? "-" : await this.#item(workflowId, node, identifier);
    const record = unit === undefined ? undefined : await reader.unit(workflowId, node.index, unit);
    if (unit === undefined || record?.status !== "WAITING") return undefined;
    const wait = readSignal(await reader.delayedResult(workflowId, node.index, unit));
    const { attempt, token, base } = record;
    return wait && { wait, ref: { workflowId, node: node.index, unit, attempt, token, ...(base === undefined ? {} : { base }) } };
  }

  /** Position of the item, by identifier; most are their own position. */
  async #item(workflowId: string, node: PlanNode, identifier: string): Promise<string | undefined> {
    const { reader } = this.services;
    const guess = /^\d{1,7}$/.test(identifier) ? await reader.itemPage(workflowId, node.index, Number(identifier), 1) : [];
    if (guess[0]?.identifier === identifier) return identifier;
    for (let from = 0; ; from += ITEMS_PER_READ) {
      const rows = await reader.itemPage(workflowId, node.index, from, ITEMS_PER_READ);
      const found = rows.find((row) => row.identifier === identifier);
      if (found) return String(found.index);
      if (rows.length < ITEMS_PER_READ) return undefined;
    }
  }
}

/** `group.task` or `group.task[identifier]`; names of tasks have no brackets. */
function addressed(plan: Plan, address: string): { node: PlanNode; identifier?: string } | undefined {
  const bracket = address.endsWith("]") ? address.indexOf("[") : -1;
  const node = plan.nodeByAddress.get(bracket < 0 ? address : address.slice(0, bracket));
  return node && { node, ...(bracket < 0 ? {} : { identifier: address.slice(bracket + 1, -1) }) };
}

function unknownTask(plan: Plan, task: string): Problem {
  const near = nearMiss(task, plan.nodeByAddress.keys());
  return problem("UNKNOWN_TASK", `The workflow has no task ${task}`, "task", near === undefined ? "Give its address: group.task, or group.task[item]." : `Did you mean ${near}?`);
}

function notWaiting(task: string): Problem {
  return problem("NOT_WAITING", `${task} does not wait for an answer`, "task");
}
