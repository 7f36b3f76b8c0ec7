/** What becomes of a task, a group or a workflow whose time is over, whatever its workers do. */

import { addressIn } from "../workflow/addresses.js";
import { formatDuration } from "../workflow/duration.js";
import type { TaskError } from "../workflow/events.js";
import type { Plan, PlanGroup, PlanNode } from "../workflow/plan.js";
import { addressOf, identifiersOf } from "./addressOf.js";
import { nodeKey, readNodeKey, type InstancePath } from "./nodeKey.js";
import type { DueTimer, Outcome, UnitRef, WorkflowReader } from "./ports.js";
import type { Settlement } from "./Settlement.js";
import { TaskGroup } from "./TaskGroup.js";

type Deadline = Extract<DueTimer, { kind: "DEADLINE" }>;

/** In the place of a unit: whatever of the task is under way. */
const WHOLE = "!";

export class Deadlines {
  constructor(private readonly settlement: Settlement, private readonly reader: WorkflowReader) {}

  /** Empty when the workflow is gone; whether the deadline still stands is for the store to say. */
  async over(timer: Deadline): Promise<Outcome[]> {
    const plan = await this.reader.planOf(timer.workflowId);
    if (!plan) return [];
    const { node: index, path } = readNodeKey(timer.subject.slice(1));
    switch (timer.subject[0]) {
      case "t": {
        const node = plan.nodes[index];
        return node ? [await this.#taskOver(plan, node, timer, path)] : [];
      }
      case "g": {
        const group = plan.groups[index];
        return group ? [await this.#groupOver(plan, group, timer, path)] : [];
      }
      default:
        return [workflowOver(plan, timer)];
    }
  }

  /** Final; IGNORE and FALLBACK apply as to any failure. With an expanded group all that its instances have open is over. */
  async #taskOver(plan: Plan, node: PlanNode, timer: Deadline, path: InstancePath | undefined): Promise<Outcome> {
    const address = await addressOf(this.reader, plan, node, { workflowId: timer.workflowId, path });
    const limit = formatDuration(node.task.totalTimeoutMs ?? 0);
    const message = node.kind === "GROUP" ? groupMessage(address, limit) : `${address} took longer in all than ${limit}`;
    const record = await this.reader.unit(timer.workflowId, nodeKey(node.index, path), "-");
    return this.settlement.fail(plan, node, { ...overdueRef(timer, node.index, path), attempt: record?.attempt ?? 0 }, timeout(message, address));
  }

  /** Policies of single tasks do not apply: there is no time left for what they would allow. */
  async #groupOver(plan: Plan, { index, address, timeoutMs }: PlanGroup, timer: Deadline, path: InstancePath | undefined): Promise<Outcome> {
    const identifiers = await identifiersOf(this.reader, plan, { workflowId: timer.workflowId, path });
    const message = groupMessage(addressIn(plan, address, path, identifiers), formatDuration(timeoutMs ?? 0));
    const tasks = TaskGroup.cuts(plan, index).map((part, i, parts) => {
      if (i % 4 !== 3) return part;
      const node = plan.nodes[Number(parts[i - 3]?.replace("g", ""))] as PlanNode;
      return JSON.stringify(timeout(message, addressIn(plan, node.address, path, identifiers)));
    });
    return { kind: "groupOverdue", ref: overdueRef(timer, index, path), tasks };
  }
}

function groupMessage(address: string, limit: string): string {
  return `The group ${address} took longer than ${limit}`;
}

function workflowOver({ definition }: Plan, timer: Deadline): Outcome {
  const error = timeout(`The workflow took longer than ${formatDuration(definition.timeoutMs ?? 0)}`);
  return { kind: "workflowOverdue", ref: overdueRef(timer, 0), error: JSON.stringify(error) };
}

function timeout(message: string, task?: string): TaskError {
  return { code: "TIMEOUT", message, retryable: false, ...(task === undefined ? {} : { task }) };
}

/** Guarded by the deadline instead of a claim. @param node of a group: its index */
function overdueRef({ workflowId, due }: Deadline, node: number, path?: InstancePath): UnitRef {
  return { workflowId, node, path, unit: WHOLE, attempt: 0, token: due };
}

/** Why an attempt fails whose handler sent no heartbeat. */
export function silence({ task }: PlanNode, address: string): string {
  return `An attempt of ${address} sent no heartbeat for ${task.heartbeatTimeoutMs} ms`;
}
