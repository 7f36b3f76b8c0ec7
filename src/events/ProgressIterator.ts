/** Progress of one workflow: a snapshot at once, then one per change, throttled; the last one is terminal. */

import { isWorkflowEnded } from "../workflow/status.js";
import type { WorkflowProgressSnapshot } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { HubIterator } from "./HubIterator.js";
import { ANYWHERE, type LiveSource } from "./LiveSource.js";

export class ProgressIterator extends HubIterator<WorkflowProgressSnapshot> {
  #lastCursor: string | undefined;
  #lastShape = "";
  #notBeforeMs = 0;
  #over = false;

  constructor(private readonly workflowId: string, private readonly throttleMs: number, private readonly hub: Hub, private readonly snapshot: () => Promise<WorkflowProgressSnapshot>) {
    super((listener) => hub.watch(workflowId, listener));
  }

  override get shareKey(): string {
    return `progress ${this.workflowId} ${this.throttleMs}`;
  }

  /** The first snapshot is each one's own: it comes at once. */
  override get place(): string | undefined {
    return this.#lastCursor === undefined ? undefined : ANYWHERE;
  }

  override placeOf(): string {
    return ANYWHERE;
  }

  override idOf(): undefined {}

  override from(): LiveSource<WorkflowProgressSnapshot> {
    return new ProgressIterator(this.workflowId, this.throttleMs, this.hub, this.snapshot);
  }

  override async ready(): Promise<void> {}

  protected override delayMs(): number {
    return this.#notBeforeMs - Date.now();
  }

  protected override async read(): Promise<readonly WorkflowProgressSnapshot[] | undefined> {
    if (this.#over) return undefined;
    if (!this.rung || this.delayMs() > 0) return [];
    this.rung = false;
    const snapshot = await this.snapshot();
    const shape = JSON.stringify([snapshot.status, snapshot.counts]);
    if (shape === this.#lastShape || snapshot.cursor === this.#lastCursor) return [];
    this.#lastShape = shape;
    this.#lastCursor = snapshot.cursor;
    this.#notBeforeMs = Date.now() + this.throttleMs;
    this.#over = isWorkflowEnded(snapshot.status);
    return [snapshot];
  }
}
