/** Instances of expanded groups as readers see them: running ones from the workflow's own read, ended ones from what was packed. */

import { instancePath, nodeKey, splitPath, type InstancePath } from "../engine/nodeKey.js";
import type { ExpandedGroup, GroupState, TaskState, WaitReason, WorkflowDetail } from "../engine/snapshot.js";
import type { WorkerDirectory } from "../engine/Fleet.js";
import { addressIn } from "../workflow/addresses.js";
import { isUndoable } from "../workflow/compensations.js";
import type { PlanGroup, PlanNode, PlanScope } from "../workflow/plan.js";
import { isTaskEnded, type TaskStatus } from "../workflow/status.js";
import { addChildren } from "./childWaits.js";
import { compensationsIn } from "./compensationStates.js";
import { byIndex, groupState, type Fields } from "./groupStates.js";
import type { InstanceReader } from "./InstanceReader.js";
import type { ItemReader } from "./ItemReader.js";
import type { NodeFields } from "./NodeFields.js";
import { readItemsRecord } from "./records.js";
import { addWaitReasons, unstartedReason } from "./waitReasons.js";
import { taskState } from "./WorkflowReader.js";

export class InstanceStates {
  constructor(private readonly fields: NodeFields, private readonly instances: InstanceReader, private readonly items: ItemReader, private readonly directory: WorkerDirectory) {}

  /** Up to `count` instances from a position on, in item order. */
  async page(detail: WorkflowDetail, { node, path, instances }: ExpandedGroup, from: number, count: number): Promise<GroupState[]> {
    if (instances === undefined) return [];
    const rows = await this.items.itemPage(detail.id, nodeKey(node.index, path), from, count);
    const states = await Promise.all(rows.map(({ index, status }) => this.#state(detail, instancePath(path, node.index, index), status)));
    return states.flatMap((state) => state ?? []);
  }

  /** One instance with its tasks; undefined when there is none. */
  async at(detail: WorkflowDetail, path: InstancePath): Promise<GroupState | undefined> {
    const { parent, group, index } = splitPath(path);
    const [row] = await this.items.itemPage(detail.id, nodeKey(group, parent), index, 1);
    return row && this.#state(detail, path, row.status);
  }

  /** @param recorded what the group has recorded of it: how it ended, once it has */
  async #state(detail: WorkflowDetail, path: InstancePath, recorded: TaskStatus): Promise<GroupState | undefined> {
    const identifiers = await this.#identifiers(detail, path);
    if (!identifiers) return undefined;
    const group = detail.plan.groups.find(({ node }) => node === groupIn(path)) as PlanGroup;
    const fields = detail.live.get(path) ?? (await this.fields.packed(detail.id, path)) ?? {};
    const tasks = tasksIn(detail, fields, path, identifiers);
    // Never started, and never to be: as everything else that its group took with it.
    const never = recorded === "CANCELLED" && Object.keys(fields).length === 0 ? await this.#unstartedAs(detail.id, path) : undefined;
    if (never) for (const task of tasks) task.status = never;
    const { plan, live, compensations, places } = detail;
    const all = { ...fields, ...compensations.get(path)?.fields };
    addChildren(tasks, all);
    const states = byIndex(tasks);
    const unstarted = Object.keys(fields).length === 0 ? { unstarted: await this.#unstarted(detail, path, identifiers) } : {};
    await addWaitReasons({ workflow: detail, tasks: states, fields: all, identifiers, missing: [], places, ...unstarted }, () => this.directory.served());
    const state = groupState({ plan, tasks: states, live, compensations, fields, path, identifiers }, group);
    // What its group took with it was cancelled, or out of time: its tasks tell that.
    const keeps = !isTaskEnded(recorded) || (recorded === "CANCELLED" && state.status === "TIMED_OUT");
    return { ...state, isInstance: true, status: keeps ? state.status : recorded };
  }

  /** By the nodes' indexes; undefined when the instance has not begun. */
  async tasks(detail: WorkflowDetail, path: InstancePath): Promise<TaskState[] | undefined> {
    const fields = detail.live.get(path) ?? (await this.fields.packed(detail.id, path));
    const identifiers = await this.#identifiers(detail, path);
    return fields && identifiers && byIndex(tasksIn(detail, fields, path, identifiers));
  }

  /** Why an instance has not begun. */
  async #unstarted({ id, plan }: WorkflowDetail, path: InstancePath, identifiers: readonly string[]): Promise<WaitReason> {
    const { parent, group } = splitPath(path);
    const items = (await this.fields.read(id, nodeKey(group, parent), ["x"]))?.values[0];
    return unstartedReason(addressIn(plan, (plan.nodes[group] as PlanNode).address, parent, identifiers), items === undefined ? 0 : readItemsRecord(items).window);
  }

  async #unstartedAs(workflowId: string, path: InstancePath): Promise<TaskStatus> {
    const { parent, group } = splitPath(path);
    return (await this.fields.read(workflowId, nodeKey(group, parent), ["u"]))?.values[0] === "T" ? "TIMED_OUT" : "CANCELLED";
  }

  /** Of the items on the way, from the outside in. */
  async #identifiers({ id, plan }: WorkflowDetail, path: InstancePath): Promise<string[] | undefined> {
    const steps = path.split(".");
    const found = await Promise.all(steps.flatMap((_, i) => (i % 2 === 1 ? [this.instances.item(id, steps.slice(0, i + 1).join("."), isUndoable(plan))] : [])));
    return found.every((item) => item !== undefined) ? found.map((item) => item?.identifier ?? "") : undefined;
  }
}

function groupIn(path: InstancePath): number {
  return Number(path.split(".").at(-2));
}

function tasksIn(detail: WorkflowDetail, fields: Fields, path: InstancePath, identifiers: readonly string[]): TaskState[] {
  const { plan } = detail;
  const { baseInside: before = 0 } = detail.tasks[Number(path.split(".")[0])] as TaskState;
  const stateOf = (node: PlanNode, from: Fields): TaskState => {
    const state = taskState(detail, node, from, { path, identifiers });
    if (before === 0) return state;
    return { ...state, base: Math.max(state.base, before), earlierAttempts: state.earlierAttempts.map((attempt) => ({ ...attempt, number: attempt.number + before })) };
  };
  const own = (plan.scopes.get(groupIn(path)) as PlanScope).nodes.map((node) => stateOf(node, fields));
  const compensations = detail.compensations.get(path);
  return [...own, ...compensationsIn(plan, compensations).map((node) => stateOf(node, compensations?.fields ?? {}))];
}
