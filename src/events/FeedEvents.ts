/** The events behind the entries that feeds tell of, kept for a while: subscriptions at the head all want the same ones. */

import type { WorkflowEvent } from "../workflow/events.js";
import type { EventLog } from "./EventLog.js";
import type { WorkflowIdentity } from "./eventFilter.js";
import type { FeedEntry } from "./Feed.js";
import type { Plan } from "../workflow/plan.js";

/** What filtering and reading need to know of workflows. */
export interface IdentityAccess {
  /** Undefined when the workflow is gone. */
  identity(workflowId: string): Promise<WorkflowIdentity | undefined>;
  /** Undefined when no workflow has the definition any more. */
  planByHash(workflowId: string, hash: string): Promise<Plan | undefined>;
}

const IDENTITIES_KEPT = 20_000;
/** Of all entries kept together; an entry may hold hundreds. */
const EVENTS_KEPT = 20_000;

/** Long enough for all who stand at the head; a workflow that is deleted is not told of much longer. */
const KEPT_MS = 10_000;

interface KeptEntry { events: Promise<readonly WorkflowEvent[]>; count: number; sinceMs: number }

export class FeedEvents {
  /** In order of last use; undefined for a workflow that is gone, and stays so. */
  readonly #identities = new Map<string, Promise<WorkflowIdentity | undefined>>();
  /** In order of first use. */
  readonly #entries = new Map<string, KeptEntry>();
  #kept = 0;

  constructor(private readonly log: EventLog, private readonly access: IdentityAccess) {}

  /** Undefined when the workflow is gone. */
  identity(workflowId: string): Promise<WorkflowIdentity | undefined> {
    const known = this.#identities.get(workflowId);
    if (known) {
      this.#identities.delete(workflowId);
      this.#identities.set(workflowId, known);
      return known;
    }
    const asked = this.access.identity(workflowId);
    this.#identities.set(workflowId, asked);
    asked.catch(() => this.#identities.delete(workflowId));
    if (this.#identities.size > IDENTITIES_KEPT) this.#identities.delete(this.#identities.keys().next().value as string);
    return asked;
  }

  /**
   * All events of an entry, in order; none when it went with its workflow. They are shared: nobody may change them.
   * @param stepId of the feed; a store that lost its newest writes may use an entry's index again, but not a step's id
   * @param withResults fill in results
   */
  of(stepId: string, entry: FeedEntry, identity: WorkflowIdentity, withResults: boolean): Promise<readonly WorkflowEvent[]> {
    const key = `${stepId} ${entry.workflowId} ${entry.entry}${withResults ? " r" : ""}`;
    const known = this.#entries.get(key);
    if (known && performance.now() - known.sinceMs < KEPT_MS) return known.events;
    if (known) this.#drop(key, known);
    const events = this.#read(entry, identity, withResults);
    const kept: KeptEntry = { events, count: 1, sinceMs: performance.now() };
    this.#entries.set(key, kept);
    this.#kept += 1;
    events.then(({ length }) => {
      if (this.#entries.get(key) !== kept) return;
      this.#kept += length;
      kept.count += length;
      this.#dropOldest();
    }, () => this.#drop(key, kept));
    return events;
  }

  async #read({ workflowId, entry }: FeedEntry, { hash }: WorkflowIdentity, withResults: boolean): Promise<readonly WorkflowEvent[]> {
    const plan = await this.access.planByHash(workflowId, hash);
    const events = plan && (await this.log.entry(workflowId, entry, plan));
    if (!plan || !events) return [];
    await this.log.enrich(workflowId, plan, events, withResults);
    return events;
  }

  #dropOldest(): void {
    for (const [key, kept] of this.#entries) {
      if (this.#kept <= EVENTS_KEPT) return;
      this.#drop(key, kept);
    }
  }

  #drop(key: string, kept: KeptEntry): void {
    if (this.#entries.get(key) !== kept) return;
    this.#entries.delete(key);
    this.#kept -= kept.count;
  }
}
