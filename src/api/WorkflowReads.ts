/** The workflows that one operation has read: nested fields of the same workflow share one read. */

import type { Caller, Engine } from "../engine/Engine.js";
import type { WorkflowDetail, WorkflowSnapshot } from "../engine/snapshot.js";

export class WorkflowReads {
  readonly #engine: Engine;
  readonly #caller: Caller;
  readonly #snapshots = new Map<string, Promise<WorkflowSnapshot | null>>();
  readonly #details = new Map<string, Promise<WorkflowDetail | null>>();

  constructor(engine: Engine, caller: Caller) {
    this.#engine = engine;
    this.#caller = caller;
  }

  /** The header; costs nothing when the workflow was already read whole. */
  snapshot(id: string): Promise<WorkflowSnapshot | null> {
    return this.#details.get(id) ?? remembered(this.#snapshots, id, () => this.#engine.workflow(this.#caller, id));
  }

  /** The header with the state of every task. */
  detail(id: string): Promise<WorkflowDetail | null> {
    return remembered(this.#details, id, () => this.#engine.workflowDetail(this.#caller, id));
  }

  /** After a write: what was read before is no longer true. */
  forget(id: string): void {
    this.#snapshots.delete(id);
    this.#details.delete(id);
  }
}

function remembered<T>(cache: Map<string, Promise<T>>, id: string, read: () => Promise<T>): Promise<T> {
  let pending = cache.get(id);
  if (!pending) {
    pending = read();
    cache.set(id, pending);
  }
  return pending;
}
