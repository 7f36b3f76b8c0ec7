/** Instances of expanded groups as readers see them: running ones from the workflow's own read, ended ones from what was packed. */

import { instancePath, type InstancePath } from "../engine/nodeKey.js";
import type { ExpandedGroup, GroupState, TaskState, WorkflowDetail } from "../engine/snapshot.js";
import type { WorkerDirectory } from "../engine/Fleet.js";
import type { PlanGroup, PlanScope } from "../workflow/plan.js";
import { isTaskEnded } from "../workflow/status.js";
import { groupState, type Fields } from "./groupStates.js";
import type { InstanceReader } from "./InstanceReader.js";
import type { NodeFields } from "./NodeFields.js";
import { addSignals } from "./outsideWaits.js";
import { taskState, waitReasons, waitsForWorker } from "./WorkflowReader.js";

export class InstanceStates {
  constructor(private readonly fields: NodeFields, private readonly instances: InstanceReader, private readonly directory: WorkerDirectory) {}

  /** Up to `count` instances from a position on, in item order. */
  async page(detail: WorkflowDetail, { node, path, instances }: ExpandedGroup, from: number, count: number): Promise<GroupState[]> {
    const last = Math.min(from + count, instances?.total ?? 0);
    const positions = Array.from({ length: Math.max(0, last - from) }, (_, i) => from + i);
    const states = await Promise.all(positions.map((index) => this.at(detail, instancePath(path, node.index, index))));
    return states.flatMap((state) => state ?? []);
  }

  /** One instance with its tasks; undefined when there is none. */
  async at(detail: WorkflowDetail, path: InstancePath): Promise<GroupState | undefined> {
    const identifiers = await this.#identifiers(detail.id, path);
    if (!identifiers) return undefined;
    const group = detail.plan.groups.find(({ node }) => node === groupIn(path)) as PlanGroup;
    const fields = detail.live.get(path) ?? (await this.fields.packed(detail.id, path)) ?? {};
    const tasks = tasksIn(detail, detail.plan.scopes.get(groupIn(path)) as PlanScope, fields, path, identifiers);
    const served = tasks.some(waitsForWorker) ? await this.directory.served() : undefined;
    addSignals(tasks, fields);
    for (const task of tasks.filter((state) => !isTaskEnded(state.status))) task.waitingFor = waitReasons(task, tasks, detail, [], served);
    return { ...groupState({ plan: detail.plan, tasks, live: detail.live, fields, path, identifiers }, group), isInstance: true };
  }

  /** By the nodes' indexes; undefined when the instance has not begun. */
  async tasks(detail: WorkflowDetail, path: InstancePath): Promise<TaskState[] | undefined> {
    const fields = detail.live.get(path) ?? (await this.fields.packed(detail.id, path));
    const identifiers = await this.#identifiers(detail.id, path);
    return fields && identifiers && tasksIn(detail, detail.plan.scopes.get(groupIn(path)) as PlanScope, fields, path, identifiers);
  }

  /** Of the items on the way, from the outside in. */
  async #identifiers(workflowId: string, path: InstancePath): Promise<string[] | undefined> {
    const steps = path.split(".");
    const found = await Promise.all(steps.flatMap((_, i) => (i % 2 === 1 ? [this.instances.item(workflowId, steps.slice(0, i + 1).join("."))] : [])));
    return found.every((item) => item !== undefined) ? found.map((item) => item?.identifier ?? "") : undefined;
  }
}

function groupIn(path: InstancePath): number {
  return Number(path.split(".").at(-2));
}

/** By the node's index. */
function tasksIn(detail: WorkflowDetail, scope: PlanScope, fields: Fields, path: InstancePath, identifiers: readonly string[]): TaskState[] {
  const tasks: TaskState[] = [];
  // Never started, and never to be.
  const { status: around } = detail.tasks[Number(path.split(".")[0])] as TaskState;
  const dead = Object.keys(fields).length === 0 && isTaskEnded(around);
  for (const node of scope.nodes) {
    const state = taskState(detail, node, fields, { path, identifiers });
    tasks[node.index] = dead ? { ...state, status: around === "TIMED_OUT" ? around : "CANCELLED" } : state;
  }
  return tasks;
}
