/** Progress of one workflow: a snapshot at once, then one per change, throttled; the last one is terminal. */

import { isWorkflowEnded } from "../workflow/status.js";
import type { WorkflowProgressSnapshot } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { HubIterator } from "./HubIterator.js";

export class ProgressIterator extends HubIterator<WorkflowProgressSnapshot> {
  #lastCursor: string | undefined;
  #lastShape = "";
  #notBeforeMs = 0;

  constructor(workflowId: string, private readonly throttleMs: number, hub: Hub, private readonly read: () => Promise<WorkflowProgressSnapshot>) {
    super((listener) => hub.watch(workflowId, listener));
  }

  protected override async take(): Promise<WorkflowProgressSnapshot | undefined> {
    for (;;) {
      if (!this.rung) await this.waitForRing();
      await this.pause(this.#notBeforeMs - Date.now());
      if (this.ended) return undefined;
      this.rung = false;
      const snapshot = await this.read();
      const shape = JSON.stringify([snapshot.status, snapshot.counts]);
      if (shape === this.#lastShape || snapshot.cursor === this.#lastCursor) continue;
      this.#lastShape = shape;
      this.#lastCursor = snapshot.cursor;
      this.#notBeforeMs = Date.now() + this.throttleMs;
      if (isWorkflowEnded(snapshot.status)) this.close();
      return snapshot;
    }
  }
}
