/** What the tests of the control verbs share: a workflow started, its status waited for, its log read. */

import { expect } from "vitest";
import type { SubmitWorkflowInput } from "../../../src/engine/Engine.js";
import type { TaskState, WorkflowDetail } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowEvent } from "../../../src/workflow/events.js";
import type { TaskStatus, WorkflowStatus } from "../../../src/workflow/status.js";
import { CALLER } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";

export async function start(node: FanwireNode, input: SubmitWorkflowInput): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, input);
  expect(problems).toEqual([]);
  return workflowId as string;
}

export async function detailOf(node: FanwireNode, id: string): Promise<WorkflowDetail> {
  return (await node.engine.workflowDetail(CALLER, id)) as WorkflowDetail;
}

export function becomes(node: FanwireNode, id: string, status: WorkflowStatus): Promise<WorkflowDetail> {
  return waitFor(async () => {
    const detail = await detailOf(node, id);
    return detail.status === status ? detail : undefined;
  }, { what: `${id} to become ${status}` });
}

export function taskBecomes(node: FanwireNode, id: string, address: string, status: TaskStatus): Promise<TaskState> {
  return waitFor(async () => {
    const task = taskIn(await detailOf(node, id), address);
    return task.status === status ? task : undefined;
  }, { what: `${address} to become ${status}` });
}

export function taskIn(detail: WorkflowDetail, address: string): TaskState {
  return detail.tasks.find((task) => task.address === address) as TaskState;
}

export async function logOf(node: FanwireNode, id: string): Promise<WorkflowEvent[]> {
  const { events, hasMore } = await node.events.readEvents(id, 10_000);
  expect(hasMore).toBe(false);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  return events;
}

export function codes({ problems }: { problems: { code: string; path?: string }[] }): string[] {
  return problems.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`));
}
