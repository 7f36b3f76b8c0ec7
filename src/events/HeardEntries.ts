/** The newest entries of event logs as the doorbell told them, so that whoever waits for them need not ask the store. */

import type { LogEntries } from "../engine/Wake.js";

/** Workflows whose entries are kept, and entries of each. */
const MOST_WORKFLOWS = 1_000;
const MOST_ENTRIES = 20;
/** After this the store is asked: it may have lost what it told, and have gone on with something else. */
const FRESH_MS = 1_000;

interface Heard {
  /** Index in the log of the first of the entries. */
  first: number;
  entries: string[];
  untilMs: number;
}

export class HeardEntries {
  readonly #heard = new Map<string, Heard>();

  /** @param told where the new entry stands, and its text; absent: there are new ones that were not told */
  hear(workflowId: string, told?: LogEntries[string]): void {
    if (!told) return this.forget(workflowId);
    const [index, entry] = told;
    let heard = this.#heard.get(workflowId);
    // Without a gap, or anew.
    if (!heard || heard.first + heard.entries.length !== index) heard = { first: index, entries: [], untilMs: 0 };
    heard.entries.push(entry);
    if (heard.entries.length > MOST_ENTRIES) {
      heard.entries.shift();
      heard.first++;
    }
    heard.untilMs = performance.now() + FRESH_MS;
    this.#heard.delete(workflowId);
    this.#heard.set(workflowId, heard);
    if (this.#heard.size > MOST_WORKFLOWS) this.#heard.delete(this.#heard.keys().next().value as string);
  }

  forget(workflowId: string): void {
    this.#heard.delete(workflowId);
  }

  clear(): void {
    this.#heard.clear();
  }

  /** All entries from this one on, as far as the doorbell has told of any: none when the last it told of is the one before; undefined when the store has to be asked. */
  from(workflowId: string, index: number): readonly string[] | undefined {
    const heard = this.#heard.get(workflowId);
    if (!heard || index < heard.first || index > heard.first + heard.entries.length) return undefined;
    if (performance.now() > heard.untilMs) return void this.#heard.delete(workflowId);
    return heard.entries.slice(index - heard.first);
  }
}
