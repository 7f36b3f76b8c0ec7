/** Progress of one workflow: a snapshot at once, then one per change, throttled; the last one is terminal. */

import { isWorkflowEnded } from "../workflow/status.js";
import type { WorkflowProgressSnapshot } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { HubIterator } from "./HubIterator.js";
import type { LiveSource } from "./LiveSource.js";

/** A snapshot replaces the ones before it, so whoever has one can go on with anybody's next. */
const ANYWHERE = "";

export class ProgressIterator extends HubIterator<WorkflowProgressSnapshot> {
  #lastCursor: string | undefined;
  #lastShape = "";
  #notBeforeMs = 0;
  #over = false;
  override readonly place = ANYWHERE;

  constructor(private readonly workflowId: string, private readonly throttleMs: number, private readonly hub: Hub, private readonly snapshot: () => Promise<WorkflowProgressSnapshot>) {
    super((listener) => hub.watch(workflowId, listener));
  }

  override get shareKey(): string {
    return `progress ${this.workflowId} ${this.throttleMs}`;
  }

  override placeOf(): string {
    return ANYWHERE;
  }

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
