/** Runs workflows with expanded groups to their end and tells what became of every task. */

import { expect } from "vitest";
import type { GroupState, TaskState, WorkflowDetail } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { JsonObject } from "../../../src/workflow/json.js";
import { CALLER, finished } from "../../support/testNode.js";

export interface GroupRun { detail: WorkflowDetail; context: JsonObject; tasks: Record<string, string> }

export async function runToEnd(node: FanwireNode, definition: WorkflowDefinition, context: JsonObject = {}): Promise<GroupRun> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  const detail = await finished(node, workflowId as string);
  return { detail, context: await node.engine.context(workflowId as string), tasks: await taskStatuses(node, detail) };
}

/** Address -> status, with the code of its error. */
export async function taskStatuses(node: FanwireNode, detail: WorkflowDetail): Promise<Record<string, string>> {
  return Object.fromEntries((await allTasks(node, detail)).map(({ address, status, error }) => [address, error ? `${status} ${error.code}` : status]));
}

export async function allTasks(node: FanwireNode, detail: WorkflowDetail): Promise<TaskState[]> {
  const tasks: TaskState[] = [];
  for (let after: string | undefined; ;) {
    const page = await node.engine.tasks(detail, {}, { first: 7, ...(after === undefined ? {} : { after }) });
    tasks.push(...page.edges.map((edge) => edge.node));
    if (!page.hasNextPage) {
      expect(page.totalCount).toBe(tasks.length);
      return tasks;
    }
    after = page.edges.at(-1)?.cursor;
  }
}

export async function instanceStates(node: FanwireNode, detail: WorkflowDetail, address: string): Promise<GroupState[]> {
  const group = (await node.engine.group(detail, address)) as GroupState;
  return (await node.engine.instances(detail, group, { first: 1000 })).edges.map((edge) => edge.node);
}
