/** Compensations as nodes of a plan, so that they are claimed, leased, retried and timed like every other task. */

import type { DeclaredTask } from "./declaredTasks.js";
import type { CompensationDefinition, ExpansionDefinition, TaskDefinition } from "./definition.js";
import { unique } from "./json.js";
import type { Plan, PlanNode } from "./plan.js";

/** What a compensation's address has behind that of its task; names of tasks have no such character. */
export const COMPENSATION_SUFFIX = "!compensate";

/** Index of the compensation of each task that has one, by the task's index. */
export function compensationIndexes(tasks: readonly DeclaredTask[]): ReadonlyMap<number, number> {
  const compensated = tasks.filter(({ task }) => task.compensate !== undefined);
  return new Map(compensated.map(({ index }, at) => [index, tasks.length + at]));
}

/** In the order of their tasks. */
export function compensationNodes(tasks: readonly DeclaredTask[], indexes: ReadonlyMap<number, number>): PlanNode[] {
  return tasks.flatMap((declared) => {
    const index = indexes.get(declared.index);
    return index === undefined || declared.task.compensate === undefined ? [] : [compensationNode(declared, declared.task.compensate, index)];
  });
}

/** Tasks and expanded groups, without the compensations. */
export function taskNodes({ nodes, compensationsFrom }: Plan): readonly PlanNode[] {
  return nodes.length === compensationsFrom ? nodes : nodes.slice(0, compensationsFrom);
}

function compensationNode(declared: DeclaredTask, compensation: CompensationDefinition, index: number): PlanNode {
  const { task, compensationReads } = declared;
  return {
    kind: "TASK", index, scope: declared.scope, address: `${declared.address}${COMPENSATION_SUFFIX}`, name: `${task.name}${COMPENSATION_SUFFIX}`,
    groupChain: "", path: `${declared.path}.compensate`,
    task: compensationTask(task, compensation),
    ...(task.expansion === undefined ? {} : { expansion: overItems(task.expansion) }),
    // It runs with what is there: a key that never came must not keep it from running.
    reads: [], optionalReads: unique(compensationReads.filter(({ need }) => need !== "VARIABLE").map(({ name }) => name)),
    variables: unique(compensationReads.filter(({ need }) => need === "VARIABLE").map(({ name }) => name)), outerAfter: [],
    keys: [], optionalKeys: [], reducedKeys: [], needs: [], dependents: [], level: 0, compensates: declared.index,
  };
}

/** The task's own `retry`, `timeout`, `heartbeatTimeout`, `queue` and `priority` hold for undoing it as well. Its failure is recorded, and stops nothing. */
function compensationTask({ name, retry, timeoutMs, heartbeatTimeoutMs, optionalDependencies, queue, priority }: TaskDefinition, { handler, input }: CompensationDefinition): TaskDefinition {
  return {
    name: `${name}${COMPENSATION_SUFFIX}`, handler, dependencies: [], optionalDependencies, after: [], resultKeys: [], optionalResultKeys: [], onFailure: "IGNORE",
    ...(input === undefined ? {} : { input }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs }),
    ...(queue === undefined ? {} : { queue }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** Its items are the task's completed ones, whatever they were made of; all of them are tried. */
function overItems({ maxParallel }: ExpansionDefinition): ExpansionDefinition {
  return { outputFormat: "MERGE", flatten: false, nested: false, failFast: false, onItemFailure: "DROP", ...(maxParallel === undefined ? {} : { maxParallel }) };
}

/** Whether completed tasks may have to run again, and so what they wrote to the context may change. */
export function isUndoable({ nodes, compensationsFrom }: Plan): boolean {
  return nodes.length > compensationsFrom;
}
