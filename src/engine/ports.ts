/** What the engine asks of its store, its readers and its doorbell; implemented over Redis in store/ and events/. */

import type { JsonObject } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";
import type { TaskStatus } from "../workflow/status.js";
import type { TaskError } from "../workflow/events.js";
import type { InstancePath, NodeKey } from "./nodeKey.js";
import type { ExpandedGroup, GroupState, TaskState, WorkflowDetail, WorkflowFilter, WorkflowSnapshot, Page, PageRequest } from "./snapshot.js";

/**
 * A unit is what is claimed at once: a whole task ("-"), a range of an expanded task's items ("r<chunk>"), or one item
 * that left its range, to be retried or completed later ("<item>").
 */
export interface UnitRef {
  workflowId: string;
  node: number;
  /** The instance of an expanded group that it runs in; absent: the workflow itself. */
  path?: InstancePath;
  unit: string;
  attempt: number;
  /** Fencing token of the claim. */
  token: string;
  /** Attempts before retryWorkflow, which do not count against the task's retries; absent: none. */
  base?: number;
}

/** PLAIN: run the handler. EXPAND: find the items. ITEMS: run the handler for items. COLLECT: make the task's output of them. */
export type Phase = "PLAIN" | "EXPAND" | "ITEMS" | "COLLECT";

export interface Claim extends UnitRef {
  definitionHash: string;
  phase: Phase;
  /** How often a worker was lost with this unit. */
  losses: number;
  submittedMs: number;
  /** ITEMS: position of the first item, its offset in its chunk, and how many. */
  firstItem: number;
  offset: number;
  itemCount: number;
  /** ITEMS: one letter per item of the unit; "." (or "r" for an item's own unit) is still to run. */
  statuses: string;
  /** ITEMS: JSON list of [identifier, variables] of the whole chunk. */
  variables: string;
}

/** Ended for good; texts are JSON. */
export interface DoneOutcome {
  kind: "done";
  ref: UnitRef;
  status: "COMPLETED" | "FAILED" | "SKIPPED" | "TIMED_OUT";
  error?: string;
  failsWorkflow: boolean;
  /** Of the workflow. */
  cancelsRest: boolean;
  /** The rest of the group that is cancelled instead, see TaskGroup.cuts. */
  cuts?: readonly string[];
  /** Indexes of the groups around the task, outermost first: 0.2 */
  group: string;
  /** The result, when it is not what stands under the task's one context key. */
  result?: string;
  /** Static routing, see TaskGroup.route. */
  route: string;
  /** Context keys and their JSON texts, alternating; "" for a key with a reducer, which is combined of its writers' results. */
  writes: string[];
}

/**
 * A task that its worker ran ahead: before the task that it follows from was recorded, and without a claim of its own. It is recorded
 * when the outcome before it in the same call was, and nobody has claimed it; otherwise it is STALE, and runs as if nothing had been.
 */
export interface RanOutcome extends Omit<DoneOutcome, "kind"> {
  kind: "ran";
  /** Of the task, as its lane is written (TaskGroup.laneOf). */
  lane: string;
}
export interface RetryOutcome { kind: "retry"; ref: UnitRef; delayMs: number; error: string }
/** delayMs -1: until it is answered; `result` is then, or with a timeout, what it waits for (signals.ts). */
export interface WaitOutcome { kind: "wait"; ref: UnitRef; delayMs: number; result: string }
export interface RequeueOutcome { kind: "requeue"; ref: UnitRef; lane: string; lost: boolean }
/** A range whose open items become units of their own. */
export interface SplitOutcome { kind: "split"; ref: UnitRef; lane: string }
export interface ReadyOutcome { kind: "ready"; ref: UnitRef; lane: string }
export interface ExpandOutcome {
  kind: "expand";
  ref: UnitRef;
  total: number;
  chunk: number;
  window: number;
  tolerated: number;
  failFast: boolean;
  lane: string;
  planLane: string;
  shape?: string;
  /** What the workflow may owe from now on, see TaskGroup.mayOwe. */
  compensation?: string;
  /** Field and value, alternating; empty when storeItems brought them before. */
  variables: string[];
}
/** Like ExpandOutcome, of a group. */
export interface ExpandGroupOutcome {
  kind: "expandGroup";
  ref: UnitRef;
  total: number;
  chunk: number;
  window: number;
  tolerated: number;
  failFast: boolean;
  /** `<group>:<nodes> ...|<route>`: the groups in an instance, the expanded one first, and what its start releases or skips. */
  start: string;
  shape?: string;
  variables: string[];
}
/** A group that had instances before retryWorkflow: completed ones stay, these go on, and the others start. `start` as in ExpandGroupOutcome. */
export interface ReopenGroupOutcome { kind: "reopenGroup"; ref: UnitRef; start: string; instances: ReopenedInstance[] }
/** What runs again in an instance that has ended; see RetryCommand. */
export interface ReopenedInstance extends Pick<RetryCommand, "groups" | "tasks" | "route"> { index: number }
export interface ItemsOutcome { kind: "items"; ref: UnitRef; lane: string; planLane: string; pieces: ItemPiece[] }
/** C: JSON list of `count` results from `offset` in the chunk on. F: error of one. Y: retry after `count` ms. W: complete after `count` ms with the text (-1: when it is answered). */
export interface ItemPiece { letter: "C" | "F" | "Y" | "W"; offset: number; count: number; text: string }
/** The handler of a running attempt says that it is at work. */
export interface AliveOutcome { kind: "alive"; ref: UnitRef }
/** A group's time is over: what of it has not ended is TIMED_OUT. ref: see overdueRef, its node is the group. `tasks` as of TaskGroup.cuts, with errors. */
export interface GroupOverdueOutcome { kind: "groupOverdue"; ref: UnitRef; tasks: readonly string[] }
/** The workflow's time is over. */
export interface WorkflowOverdueOutcome { kind: "workflowOverdue"; ref: UnitRef; error: string }
export interface ProgressOutcome { kind: "progress"; ref: UnitRef; item?: number; text: string }
export type Outcome =
  | AliveOutcome | GroupOverdueOutcome | WorkflowOverdueOutcome
  | DoneOutcome | RanOutcome | RetryOutcome | WaitOutcome | RequeueOutcome | SplitOutcome | ReadyOutcome | ExpandOutcome | ExpandGroupOutcome | ReopenGroupOutcome | ItemsOutcome | ProgressOutcome;

export interface ClaimRequest {
  worker: string;
  /** Unique per request of the worker: the same one asked again gets the same answer. */
  request: string;
  /** Room for so many handler calls; 0: claim nothing. A range counts as its items divided by its lane's itemsPerSlot. */
  want: number;
  /** Lanes to serve, in this order, by their names (see lanes.ts): for most tasks their handler's. */
  lanes: readonly { handler: string; itemsPerSlot: number }[];
}

/** OK: recorded. DUPLICATE: this very outcome was recorded before. STALE: the claim is not the caller's any more; nothing changed. */
export type OutcomeCode = "OK" | "DUPLICATE" | "STALE";
export interface CompleteReply { codes: OutcomeCode[]; claims: Claim[] }

export interface SubmitCommand {
  id: string;
  tenant: string;
  idempotencyKeyHash: string;
  payloadHash: string;
  plan: Plan;
  /** Header and task records, field and value alternating. */
  fields: string[];
  /** Context keys and JSON texts, alternating. */
  context: string[];
  eventLines: string;
  eventCount: number;
  /** What it adds to the names of its lanes. */
  mark: string;
  /** Tasks without open dependencies and their lanes, alternating. */
  ready: string[];
  /** Those of them that a limit of their group holds: group and entry, alternating (timeLimits.ts). */
  held: string[];
  /** What has begun to run out: subject and ms, alternating. */
  deadlines: (string | number)[];
  /** Timers that are set with it: due in ms from then, and member, alternating. */
  timers?: (string | number)[];
  /** Queues other than the default one and how many of these tasks are in each, alternating; absent: none. */
  readyByQueue?: string[];
}
export interface SubmitReply { code: "OK" | "OK_DUP" | "CONFLICT"; id: string }

export type ControlReply = "OK" | "NOT_FOUND" | "ALREADY_ENDED";

export interface ProvideCommand {
  keys: string[];
  /** JSON texts, in the order of the keys. */
  values: string[];
  /** What the keys release, see TaskGroup.provided. */
  route: string;
}

export interface RetryCommand {
  /** Of the newest event when the workflow was read. */
  seq: number;
  /** In threes: a group, how many of the tasks in it and inside it are open again, and 1 when it had started before, 0 otherwise. */
  groups: number[];
  tasks: ReopenedTask[];
  /** What of them is skipped at once, see TaskGroup.route. */
  route: string;
  /** Compensations that ran: they may be owed again. */
  compensations: ForgottenCompensation[];
  /** Context keys of completed tasks that run again. */
  contextKeys: string[];
}
/** `base`, `attempt`: as of ReopenedTask. In instances of expanded groups, which begin anew, nothing of it is kept. */
export interface ForgottenCompensation { node: NodeKey; base: number; attempt?: string }
/**
 * A task to open again. ITEMS: what did not complete of its items. ANEW: all of an expanded task, its items found again. GROUP: an
 * expanded group, see ReopenGroupOutcome. GROUP_ANEW: all of it, its instances found again.
 */
export interface ReopenedTask {
  node: number;
  phase: "PLAIN" | "EXPAND" | "ITEMS" | "ANEW" | "GROUP" | "GROUP_ANEW";
  base: number;
  /** It had completed and was undone, or comes after what was: it is done anew, which `round` tells. */
  undone?: boolean;
  /** Groups around it, see PlanNode.groupChain. */
  groups: string;
  lane: string;
  /** How many things it waits for; absent: as many as the plan says. */
  open?: number;
  /** Its last attempt, as a line of its history; absent when that is there, or there was none. */
  attempt?: string;
}

export type DueTimer =
  | { kind: "LEASE"; member: string; token: string; units: { workflowId: string; node: number; path?: InstancePath; unit: string }[] }
  | { kind: "TIMEOUT" | "DELAY"; member: string; workflowId: string; node: number; path?: InstancePath; unit: string; token: string }
  | { kind: "RETRY"; member: string; workflowId: string; node: number; path?: InstancePath; unit: string; attempt: number }
  /** The handler of an attempt has been silent for too long. */
  | { kind: "HEARTBEAT"; member: string; workflowId: string; node: number; path?: InstancePath; unit: string; token: string }
  /** subject: t<task>, g<group> or w, the first two with the path of their instance; due: the deadline that is over, by which the store knows it again. */
  | { kind: "DEADLINE"; member: string; workflowId: string; subject: string; due: string }
  | { kind: "RETENTION"; member: string; workflowId: string }
  /** The workflow owes its session something, or is gone from it, see Sessions.ts. */
  | { kind: "SESSION"; member: string; workflowId: string; session: string }
  /** ENDED: a sub-workflow owes its parent a notice. WATCH: look whether its parent knows of it. ABANDONED: its parent waits no more. */
  | { kind: "CHILD_ENDED" | "CHILD_WATCH" | "CHILD_ABANDONED"; member: string; workflowId: string };

/** A unit's record as it stands, for decisions of the timers. */
export interface UnitRecord {
  status: TaskStatus;
  attempt: number;
  token: string;
  losses: number;
  /** Attempts before retryWorkflow. */
  base?: number;
  worker?: string;
  startedMs?: number;
}

export interface ItemOutcome { identifier: string; status: TaskStatus; result?: string; error?: TaskError }
export interface ItemRow extends ItemOutcome {
  index: number;
  variables: JsonObject;
  attempt: number;
  startedMs?: number;
  finishedMs?: number;
}

export interface WorkflowStore {
  readonly shards: number;
  submitWorkflow(shard: number, command: SubmitCommand): Promise<SubmitReply>;
  claimTasks(shard: number, request: ClaimRequest): Promise<Claim[]>;
  /**
   * For a worker elsewhere: each unit gets a token and a lease of its own, and holds at most one item to run. `request` is
   * unique over all workers; itemsPerSlot has no meaning.
   * @returns the claims, and what time it is in Redis: their leases count from there
   */
  claimSeparately(shard: number, request: ClaimRequest, leaseMs: number): Promise<{ nowMs: number; claims: Claim[] }>;
  /** All outcomes must belong to the shard. */
  completeTasks(shard: number, request: ClaimRequest, outcomes: readonly Outcome[]): Promise<CompleteReply>;
  /**
   * The refs whose claims are lost.
   * @param leaseMs default: the deployment's
   * @param byHandlers whether their handlers say so, and not just their worker
   */
  heartbeatTasks(shard: number, worker: string, refs: readonly UnitRef[], leaseMs?: number, byHandlers?: boolean): Promise<UnitRef[]>;
  /** False when the claim is lost. */
  storeItems(ref: UnitRef, variables: string[]): Promise<boolean>;
  /** In this verb and the five that follow, the same `request` asked again changes nothing and is answered OK; by default each is another. */
  cancelWorkflow(tenant: string, id: string, error: string, request?: string): Promise<"OK" | "NOT_FOUND" | "ALREADY_ENDED">;
  pauseWorkflow(tenant: string, id: string, request?: string): Promise<ControlReply>;
  /** @param lanes of the tasks' handlers, in the order of the plan, behind the lane of the plan itself */
  resumeWorkflow(tenant: string, id: string, lanes: readonly string[], request?: string): Promise<ControlReply>;
  provideContext(tenant: string, id: string, command: ProvideCommand, request?: string): Promise<{ code: ControlReply | "TAKEN"; taken: string[] }>;
  signalTask(tenant: string, outcome: Outcome, request?: string): Promise<ControlReply | "NOT_WAITING">;
  /** CHANGED: the workflow is not any more as it was read. */
  retryWorkflow(tenant: string, id: string, command: RetryCommand, request?: string): Promise<"OK" | "NOT_FOUND" | "NOT_ENDED" | "CHANGED">;
  /** Names of the lanes with a priority that hold something. */
  priorityLanes(shard: number): Promise<string[]>;
  /** OWES: its session has not got its exports yet. */
  deleteWorkflow(id: string, expandedNodes: readonly number[]): Promise<"OK" | "NOT_FOUND" | "RUNNING" | "OWES">;
  dueTimers(shard: number, limit: number): Promise<{ timers: DueTimer[]; nextMs?: number }>;
  settleTimers(shard: number, timers: readonly DueTimer[]): Promise<void>;
  /** A timer that was due comes again this much later, unless it has been settled meanwhile. */
  postponeTimer(shard: number, timer: DueTimer, delayMs: number): Promise<void>;
}

/** Reads that the engine decides by, and those that it answers questions with. */
export interface WorkflowReader {
  plan(shard: number, hash: string): Promise<Plan | undefined>;
  /** The plan if this process has it already. */
  cachedPlan(hash: string): Plan | undefined;
  planOf(workflowId: string): Promise<Plan | undefined>;
  /** Whether a command's request (commandRequest) took effect on the workflow. */
  tookEffect(workflowId: string, request: string): Promise<boolean>;
  unit(workflowId: string, node: NodeKey, unit: string): Promise<UnitRecord | undefined>;
  /** The result that a delay left to be recorded. */
  delayedResult(workflowId: string, node: NodeKey, unit: string): Promise<string | undefined>;
  /** Positions of the items that a unit has still to run. */
  openItems(workflowId: string, node: NodeKey, unit: string): Promise<{ offset: number; item: number }[]>;
  /** The completed ones of these tasks, in the order given, each with the result that is kept beside the context, if one is. */
  completedResults(workflowId: string, nodes: readonly number[], path?: InstancePath): Promise<Map<number, string | undefined>>;
  /** Texts as stored: JSON, or `@<task>` for a view. Absent keys are left out. */
  contextTexts(workflowId: string, keys?: readonly string[]): Promise<Map<string, string>>;
  /** The same in instances of expanded groups; one text per pair. */
  instanceTexts(workflowId: string, wanted: readonly { path: InstancePath; key: string }[]): Promise<(string | undefined)[]>;
  /** The variables of an instance's item, and its identifier. @param fresh its group may have begun anew since they were read */
  instanceItem(workflowId: string, path: InstancePath, fresh?: boolean): Promise<{ identifier: string; variables: JsonObject } | undefined>;
  /** How many attempts a task of the workflow's own scope had when it was last undone; 0: it never was. */
  round(workflowId: string, node: number): Promise<number>;
  /** How a task ended, for tasks that come after it. */
  taskEnd(workflowId: string, node: NodeKey): Promise<{ status: TaskStatus; skippedBy?: string } | undefined>;
  /** Its session's id, which it has for life. */
  sessionIdOf(workflowId: string): Promise<string>;
  contextKeys(workflowId: string): Promise<string[]>;
  /** All outcomes of an expanded task's items, in item order. */
  itemOutcomes(workflowId: string, node: NodeKey): Promise<{ outcomes: ItemOutcome[]; shape?: number[] }>;
  itemPage(workflowId: string, node: NodeKey, first: number, count: number): Promise<ItemRow[]>;
  /** One status per item. */
  itemStatuses(workflowId: string, node: NodeKey): Promise<TaskStatus[]>;
  /** How many items an expanded task has, and how they ended. */
  itemEnds(workflowId: string, node: NodeKey): Promise<{ total: number; completed: number; failed: number }>;
  /** The error of the first failed item, in item order. */
  firstItemError(workflowId: string, node: NodeKey): Promise<TaskError | undefined>;
  resultText(workflowId: string, node: NodeKey): Promise<string | undefined>;
  /** The sub-workflow that the last attempt of an item started. */
  childOfItem(workflowId: string, node: NodeKey, item: number): Promise<string | undefined>;
  /** Instances of an expanded group from a position on, in item order. */
  instances(detail: WorkflowDetail, group: ExpandedGroup, from: number, count: number): Promise<GroupState[]>;
  /** The tasks of an instance, and the expanded groups in it, by their nodes' indexes; undefined when it has not begun. */
  instanceTasks(detail: WorkflowDetail, path: InstancePath): Promise<TaskState[] | undefined>;
  /** One instance; undefined when there is none. */
  instance(detail: WorkflowDetail, path: InstancePath): Promise<GroupState | undefined>;
  snapshot(id: string): Promise<WorkflowSnapshot | null>;
  detail(id: string): Promise<WorkflowDetail | null>;
  list(tenant: string, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>>;
}
