/** What a handler is: the code that one attempt of a task runs. */

import { FanwireError } from "../errors.js";
import { isHandlerName } from "../workflow/handlerName.js";
import type { JsonValue } from "../workflow/json.js";
import type { StartChild } from "./children.js";
import type { WaitForSignal } from "./signals.js";

export interface HandlerContext<Input = JsonValue> {
  /** Templates resolved. */
  input: Input;
  workflowId: string;
  /** Address with the item, e.g. enrich.score[7]. */
  task: string;
  /** 1 for the first. */
  attempt: number;
  /**
   * For the outside world: the same for all attempts of one task or item, also those of a worker that was lost and those after
   * retryWorkflow. Only what had completed, was undone by compensations and is done anew has another key.
   */
  idempotencyKey: string;
  /** Fires when the attempt times out, the workflow is cancelled, the lease is lost or the worker is told to stop at once. */
  signal: AbortSignal;
  /** Recorded as a TASK_PROGRESS event. percent 0 to 100. */
  progress(percent?: number, message?: string, data?: JsonValue): void;
  /** The handler is at work: counts for the task's heartbeatTimeout, as progress does. Cheap, however often it is called. */
  heartbeat(): void;
  log(message: string, data?: JsonValue): void;
}

/** The context with another input, or with parts of its own. The signal is still made only when somebody asks for it. */
export function changedContext<T = JsonValue>(context: HandlerContext<unknown>, parts: { input: T; heartbeat?: () => void }): HandlerContext<T> {
  const { workflowId, task, attempt, idempotencyKey, progress, heartbeat, log } = context;
  return { workflowId, task, attempt, idempotencyKey, progress, heartbeat, log, ...parts, get signal() { return context.signal; } };
}

/** Result of a handler that gives its worker back and is completed by the engine's timer. */
export class CompleteLater {
  constructor(readonly delayMs: number, readonly result: JsonValue) {}
}

/** What a handler answers that gave its call to somebody else, who reports the outcome under the same claim. */
export class HandedOver {
  readonly handedOver = true;
}

export interface Handler {
  readonly name: string;
  readonly description: string;
  /** JSON Schema, for people and tools. */
  readonly inputSchema?: JsonValue;
  readonly outputSchema?: JsonValue;
  readonly builtIn: boolean;
  /** True when a call takes microseconds: its items then travel in wide ranges, and a worker takes many of them at once. */
  readonly light?: boolean;
  /**
   * True when the answer depends on input and attempt alone, and nobody can tell whether the handler was called: no request, no file, no
   * clock, no log, no progress. Such a task may be run before what it follows from is recorded, and be recorded in the same step.
   */
  readonly pure?: boolean;
  /**
   * Runs one attempt. May answer synchronously, which is much cheaper. `undefined` counts as null.
   * Throws FanwireError with a code, or anything else, which becomes HANDLER_ERROR.
   */
  run(context: HandlerContext): Promise<HandlerAnswer> | HandlerAnswer;
}

export type HandlerAnswer = JsonValue | CompleteLater | WaitForSignal | StartChild | HandedOver | undefined;

export interface HandlerInfo {
  name: string;
  description: string;
  inputSchema?: JsonValue;
  outputSchema?: JsonValue;
  builtIn: boolean;
}

/** Handlers by name; the registry of one process. */
export class HandlerRegistry {
  readonly #byName = new Map<string, Handler>();

  constructor(handlers: Iterable<Handler> = []) {
    for (const handler of handlers) this.register(handler);
  }

  /** @throws FanwireError INVALID_VALUE when the name is taken or has other characters than letters, digits and _ . : - */
  register(handler: Handler): void {
    if (!isHandlerName(handler.name)) throw new FanwireError("INVALID_VALUE", `${JSON.stringify(handler.name)} is no name for a handler`);
    if (this.#byName.has(handler.name)) throw new FanwireError("INVALID_VALUE", `Two handlers are named ${handler.name}`);
    this.#byName.set(handler.name, handler);
  }

  get(name: string): Handler | undefined {
    return this.#byName.get(name);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  list(): HandlerInfo[] {
    return [...this.#byName.values()].map(({ name, description, inputSchema, outputSchema, builtIn }) => ({
      name, description, builtIn, ...(inputSchema === undefined ? {} : { inputSchema }), ...(outputSchema === undefined ? {} : { outputSchema }),
    }));
  }
}
