/** What a worker in another process or language can ask of the engine: tasks to run, and to record what became of them. */

import type { Problem } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import type { Caller } from "./Engine.js";

export interface ClaimTasksInput {
  /** Shown in events and in the list of workers. */
  workerId: string;
  /** Names of the handlers that it has. */
  handlers: readonly string[];
  /** Default: the one named default. */
  queues?: readonly string[];
  /** Tasks at once, at least 1; clamped to 100. */
  max: number;
  /** How long to wait for the first; clamped to 60 s. */
  waitMs: number;
  /** Clamped to 1 s to 1 h. */
  leaseMs: number;
}

/** One call of a handler, to be made by the worker. Of a batch `input` is the list of its items' inputs. */
export interface ClaimedTask {
  /** Opaque; names the attempt and proves that it is the worker's. */
  claim: string;
  handler: string;
  /** Templates resolved. */
  input: JsonValue;
  workflowId: string;
  /** Address with the item, or of a batch with the first and the last: group.task[3..7]. */
  task: string;
  attempt: number;
  /** As in HandlerContext. */
  idempotencyKey: string;
  leaseUntilMs: number;
}

export interface HeartbeatTasksInput {
  workerId: string;
  claims: readonly string[];
  /** Default: the length that each was claimed with. */
  leaseMs?: number;
  /** Default true. False: the worker lives, which says nothing of its handlers. */
  byHandlers?: boolean;
}

export interface ReportProgressInput {
  claim: string;
  /** Clamped to 0 to 100. */
  percent?: number;
  message?: string;
  data?: JsonValue;
}

export interface FailTaskInput {
  claim: string;
  /** Default HANDLER_ERROR. */
  code?: string;
  message: string;
  retryable: boolean;
  details?: JsonValue;
}

/** The task that a claim is about, as far as the claim names one. */
export interface TaskOutcome {
  workflowId?: string;
  /** Address without the item. */
  address?: string;
  problems: Problem[];
}

export interface WorkerProtocol {
  /** Ends early, and hands back what it got, when the signal fires: nobody is there to take it. */
  claimTasks(caller: Caller, input: ClaimTasksInput, signal?: AbortSignal): Promise<{ tasks: ClaimedTask[]; problems: Problem[] }>;
  /**
   * Claims as they come, at most `max` of them without an outcome; what has none is handed back when it is closed.
   * @throws FanwireError with the code of the input's first problem
   */
  taskOffers(caller: Caller, input: ClaimTasksInput): AsyncIterableIterator<ClaimedTask>;
  heartbeatTasks(caller: Caller, input: HeartbeatTasksInput): Promise<{ lost: string[]; problems: Problem[] }>;
  /** Ready again at once, for the same attempt. */
  handBackTasks(caller: Caller, claims: readonly string[]): Promise<{ problems: Problem[] }>;
  reportProgress(caller: Caller, input: ReportProgressInput): Promise<TaskOutcome>;
  /** Claims whose result was recorded (now or before), and those that are no longer the worker's. A result that is not valid fails its attempt, and is a problem. */
  completeTasks(caller: Caller, results: readonly { claim: string; result: JsonValue }[]): Promise<{ accepted: string[]; stale: string[]; problems: Problem[] }>;
  failTask(caller: Caller, input: FailTaskInput): Promise<TaskOutcome>;
}
