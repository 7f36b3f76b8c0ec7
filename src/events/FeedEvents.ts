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

interface KeptEntry { found: Promise<EntryEvents>; count: number; sinceMs: number }

/** All events of an entry, in order, without results; none when it went with its workflow. They are shared: nobody may change them. */
export interface EntryEvents { events: readonly WorkflowEvent[]; plan: Plan | undefined }

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

  /** @param stepId of the feed; a store that lost its newest writes may use an entry's index again, but not a step's id */
  of(stepId: string, entry: FeedEntry, identity: WorkflowIdentity): Promise<EntryEvents> {
    const key = `${stepId} ${entry.workflowId} ${entry.entry}`;
    const known = this.#entries.get(key);
    if (known && performance.now() - known.sinceMs < KEPT_MS) return known.found;
    if (known) this.#drop(key, known);
    const found = this.#read(entry, identity);
    const kept: KeptEntry = { found, count: 1, sinceMs: performance.now() };
    this.#entries.set(key, kept);
    this.#kept += 1;
    found.then(({ events: { length } }) => {
      if (this.#entries.get(key) !== kept) return;
      this.#kept += length;
      kept.count += length;
      this.#dropOldest();
    }, () => this.#drop(key, kept));
    return found;
  }

  /**
   * Adds results to the first of a workflow's events, which are the caller's own, as many as there is room for, and `least` at least.
   * @returns how many have all that is theirs
   */
  fill(workflowId: string, plan: Plan, events: readonly WorkflowEvent[], mostBytes: number, least: 0 | 1): Promise<number> {
    return this.log.fill(workflowId, plan, events, mostBytes, least);
  }

  async #read({ workflowId, entry }: FeedEntry, { hash }: WorkflowIdentity): Promise<EntryEvents> {
    const plan = await this.access.planByHash(workflowId, hash);
    const events = plan && (await this.log.entry(workflowId, entry, plan));
    if (!plan || !events) return { events: [], plan };
    await this.log.enrich(workflowId, plan, events, false);
    return { events, plan };
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
