/** A claimed unit while this worker runs it: how to abort it, and whether its claim still holds. */

import { FanwireError } from "../errors.js";
import type { ParentLink } from "../engine/children.js";
import type { Claim, UnitRef } from "../engine/ports.js";

/** Something that is to stop when the claim is lost. */
export interface Abortable { abort(reason: FanwireError): void }

export class LiveUnit {
  readonly #calls = new Set<Abortable>();
  /** False once the claim is known to be lost: nothing it still produces is sent. */
  holds = true;
  readonly sinceMs = Date.now();
  /** Of its task, with the instances that it stands in; known once it is run. */
  address = "";
  /** Which time it is that it is done, where compensations have undone it before: part of its idempotency key. */
  round: number | undefined;

  constructor(readonly claim: Claim, readonly weight: number) {}

  get ref(): UnitRef {
    const { workflowId, node, path, unit, attempt, token, base } = this.claim;
    return { workflowId, node, path, unit, attempt, token, base };
  }

  attach(call: Abortable): void {
    this.#calls.add(call);
  }

  detach(call: Abortable): void {
    this.#calls.delete(call);
  }

  /** The claim is not ours any more (cancelled, taken over, timed out): stop working on it. */
  lose(reason: string): void {
    this.holds = false;
    for (const call of this.#calls) call.abort(new FanwireError("CANCELLED", reason, { retryable: false }));
  }
}

/** What a sub-workflow of the unit, or of one of its items, is linked with. @param task its address, with the item */
export function parentOf({ claim: { workflowId, node, path, attempt } }: LiveUnit, unit: string, task: string): ParentLink {
  return { workflowId, node, ...(path ? { path } : {}), unit, attempt, task };
}
