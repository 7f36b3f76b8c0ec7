/** Why tasks and expanded groups do not run: all reasons that hold, read from what the store has of their scope now. */

import type { Served } from "../engine/Fleet.js";
import type { TaskState, WaitReason, WorkflowSnapshot } from "../engine/snapshot.js";
import { externalReads } from "../engine/TaskGroup.js";
import { limitedAround } from "../engine/timeLimits.js";
import { addressIn } from "../workflow/addresses.js";
import type { PlanGroup, PlanNode } from "../workflow/plan.js";
import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import { isTaskEnded } from "../workflow/status.js";
import { compensationWait } from "./compensationStates.js";
import type { Fields } from "./groupStates.js";
import { itemWaits, unitWait, type ItemWaits } from "./openWaits.js";
import { readItemsRecord, readRecord, type ItemsRecord, type TaskRecord } from "./records.js";

/** The tasks of one scope and what their reasons hang on. */
export interface WaitScope {
  workflow: Pick<WorkflowSnapshot, "plan" | "status" | "submittedMs">;
  /** By the node's index; of the scope's own nodes. */
  tasks: readonly TaskState[];
  /** Of this scope, without its path. */
  fields: Fields;
  /** Of the instance, from the outside in. */
  identifiers?: readonly string[];
  /** External keys without a value. */
  missing: readonly string[];
  /** How many places of limited groups are taken: by `<group>` or `<group>@<path>`. */
  places: ReadonlyMap<string, number>;
  /** The instance is one that its group has not begun yet, for this reason. */
  unstarted?: WaitReason;
}

/** A node's record and those of its items, if there are any. */
interface Recorded { record?: TaskRecord; isHeld: boolean; x?: ItemsRecord }

/** Puts the reasons into the tasks. @param served who serves what; asked for only when that matters */
export async function addWaitReasons(scope: WaitScope, served: () => Promise<Served>): Promise<void> {
  const waits = itemWaits(scope.fields, scope.workflow.submittedMs);
  const open = scope.tasks.filter(({ status }) => !isTaskEnded(status)).map((task) => ({ task, recorded: recordOf(scope, task) }));
  const workers = open.some(({ task, recorded }) => waitsForWorker(task, recorded)) ? await served() : undefined;
  for (const { task, recorded } of open) task.waitingFor = reasonsOf(scope, task, recorded, waits.get(task.node.index), workers);
}

function recordOf({ fields, workflow }: WaitScope, { node }: TaskState): Recorded {
  const text = fields[String(node.index)];
  if (text === undefined) return { isHeld: false };
  const items = fields[`x${node.index}`];
  return { record: readRecord(text, workflow.submittedMs), isHeld: text.startsWith("Q "), ...(items === undefined ? {} : { x: readItemsRecord(items) }) };
}

function reasonsOf(scope: WaitScope, task: TaskState, recorded: Recorded, items: ItemWaits | undefined, served: Served | undefined): WaitReason[] {
  const { record, isHeld } = recorded;
  if (!record) return scope.unstarted ? [scope.unstarted] : beforeReady(scope, task);
  if (record.status === "WAITING") return withPause(scope, unitWait(scope.fields[`y${task.node.index}`], record.untilMs));
  if (isHeld) return withPause(scope, limitReason(scope, task.node, 1));
  if (waitsForWorker(task, recorded)) return [...(items?.outside ?? []), workerOrPause(scope, task, recorded, served)];
  return whileItemsRun(scope, task, recorded, items);
}

/** Nothing has made it ready yet. */
function beforeReady({ workflow: { plan }, missing, tasks }: WaitScope, task: TaskState): WaitReason[] {
  const external = externalReads(plan, task.node).filter((key) => missing.includes(key))
    .map((key): WaitReason => ({ kind: "EXTERNAL_KEY", key, message: `the key ${key} comes from outside, by provideContext or from its session` }));
  return [...external, ...taskReasons(task, tasks), ...compensationWait(task)];
}

function taskReasons(task: TaskState, tasks: readonly TaskState[]): WaitReason[] {
  return task.node.needs.flatMap((edge): WaitReason[] => {
    const before = tasks[edge.from] as TaskState;
    if (isTaskEnded(before.status)) return [];
    if (edge.kind === "AFTER") return [{ kind: "TASK", key: before.address, message: `runs after ${before.address}, which is ${before.status}` }];
    return [{ kind: "KEY", key: edge.key ?? "", message: `the key ${edge.key} comes from ${before.address}, which is ${before.status}` }];
  });
}

/** An expanded task none of whose items runs waits for what they wait for; what people or sub-workflows owe it is told anyway. */
function whileItemsRun(scope: WaitScope, { node }: TaskState, { x }: Recorded, items: ItemWaits | undefined): WaitReason[] {
  const outside = items?.outside ?? [];
  if (!x || x.running > 0) return outside;
  const times = (items?.times ?? []).flatMap((reason) => withPause(scope, reason));
  const held = x.held === 1 ? withPause(scope, limitReason(scope, node, Math.min(x.chunk, x.total - x.next * x.chunk))) : [];
  return [...outside, ...times, ...held].filter(({ kind }, i, all) => kind !== "PAUSED" || all.findIndex((other) => other.kind === kind) === i);
}

/** Nobody has taken it; of an expanded task, none of the items that could run, or the making of its output. */
function waitsForWorker({ status }: TaskState, { record, isHeld, x }: Recorded): boolean {
  if (isHeld || !record) return false;
  return status === "READY" || isUncollected(record) || (status === "RUNNING" && x !== undefined && x.ready > 0 && x.running === 0);
}

/** All items, or instances, have ended, and nobody makes the output of them yet. */
function isUncollected({ phase, token }: TaskRecord): boolean {
  return (phase === "c" || phase === "j") && token === "0";
}

function workerOrPause({ workflow }: WaitScope, task: TaskState, { record }: Recorded, served: Served | undefined): WaitReason {
  // What has run is collected also while the workflow is paused.
  if (record && isUncollected(record)) {
    return { kind: "WORKER", message: served?.plans ? "waits for a free worker to collect its output" : "no worker that is alive can collect its output" };
  }
  return workflow.status === "PAUSED" ? PAUSED : workerReason(task, served);
}

function workerReason({ status, node }: TaskState, served: Served | undefined): WaitReason {
  const { handler, queue = DEFAULT_QUEUE } = node.task;
  const expander = node.expansion?.custom?.expander;
  if (status === "READY" && node.expansion) {
    if (expander !== undefined && served?.expanders.has(expander) === false) return { kind: "WORKER", message: `no process that is alive has the expander ${expander}` };
    return { kind: "WORKER", message: served?.plans ? "waits for a free worker to find its items" : "no worker that is alive can find its items" };
  }
  const where = queue === DEFAULT_QUEUE ? "" : ` in the queue ${queue}`;
  return { kind: "WORKER", message: `${served?.serves(handler, queue) ? "waits for a free worker with" : "no worker that is alive serves"} the handler ${handler}${where}` };
}

const PAUSED: WaitReason = { kind: "PAUSED", message: "the workflow is paused" };
/** What a pause does not hold up: answers, and other workflows, are recorded all the same. */
const GOES_ON = new Set(["SIGNAL", "WORKFLOW"]);

/** While the workflow is paused no time runs out, and a place that becomes free starts nobody. */
function withPause({ workflow }: WaitScope, reason: WaitReason): WaitReason[] {
  if (workflow.status !== "PAUSED") return [reason];
  if (!GOES_ON.has(reason.kind)) return [PAUSED, reason];
  const { untilMs: _untilMs, ...endless } = reason;
  return [endless];
}

/** Names the groups that are full; when there is room, but not for so many, or somebody came first, all that limit it. @param size places that it needs */
function limitReason({ workflow: { plan }, places, tasks, identifiers }: WaitScope, node: PlanNode, size: number): WaitReason {
  const steps = (tasks[node.index]?.path ?? "").split(".");
  const around = limitedAround(plan, node).map(({ index, depth, maxParallel }) => {
    const path = steps.slice(0, depth * 2).join(".");
    const taken = places.get(path === "" ? String(index) : `${index}@${path}`) ?? 0;
    return { address: addressIn(plan, (plan.groups[index] as PlanGroup).address, path, identifiers), maxParallel, isFull: taken > 0 && taken + size > maxParallel };
  });
  const full = around.filter(({ isFull }) => isFull);
  const names = (full.length > 0 ? full : around).map(({ address, maxParallel }) => `${address} (maxParallel ${maxParallel})`);
  return { kind: "LIMIT", message: `waits until others of its group have ended: ${names.join(", ")}` };
}

/** Why an instance has not begun: as many of its group as may are under way. @param window how many may be */
export function unstartedReason(group: string, window: number): WaitReason {
  return { kind: "LIMIT", message: `its instance begins when others have ended: of ${group} ${window} run at once (the expansion's maxParallel)` };
}
