/** Progress of one workflow: a snapshot at once, then one per change, throttled; the last one is terminal. */

import { isWorkflowEnded } from "../workflow/status.js";
import type { WorkflowProgressSnapshot } from "./EventSource.js";
import type { Hub } from "./Hub.js";

const END: IteratorResult<WorkflowProgressSnapshot> = { value: undefined, done: true };

export class ProgressIterator implements AsyncIterableIterator<WorkflowProgressSnapshot> {
  #ended = false;
  #rung = true;
  #wake: (() => void) | undefined;
  #lastCursor: string | undefined;
  #lastShape = "";
  #notBeforeMs = 0;
  #last: Promise<unknown> = Promise.resolve();
  readonly #unwatch: () => void;

  constructor(workflowId: string, private readonly throttleMs: number, hub: Hub, private readonly read: () => Promise<WorkflowProgressSnapshot>) {
    this.#unwatch = hub.watch(workflowId, () => {
      this.#rung = true;
      this.#wake?.();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WorkflowProgressSnapshot>> {
    const result = this.#last.then(() => this.#take());
    this.#last = result.catch(() => undefined);
    return result;
  }

  return(): Promise<IteratorResult<WorkflowProgressSnapshot>> {
    this.#close();
    return Promise.resolve(END);
  }

  throw(error: unknown): Promise<IteratorResult<WorkflowProgressSnapshot>> {
    this.#close();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  async #take(): Promise<IteratorResult<WorkflowProgressSnapshot>> {
    try {
      while (!this.#ended) {
        if (!this.#rung) await this.#wait();
        await this.#pause(this.#notBeforeMs - Date.now());
        if (this.#ended) break;
        this.#rung = false;
        const snapshot = await this.read();
        const shape = JSON.stringify([snapshot.status, snapshot.counts]);
        if (shape === this.#lastShape || snapshot.cursor === this.#lastCursor) continue;
        this.#lastShape = shape;
        this.#lastCursor = snapshot.cursor;
        this.#notBeforeMs = Date.now() + this.throttleMs;
        if (isWorkflowEnded(snapshot.status)) this.#close();
        return { value: snapshot, done: false };
      }
      return END;
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => { this.#wake = resolve; });
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#ended) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch();
    this.#wake?.();
  }
}
