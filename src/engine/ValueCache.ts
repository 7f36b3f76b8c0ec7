/** Values that do not change any more, by where they were read; the least used go when they take too much room. */

import type { JsonValue } from "../workflow/json.js";

/** Text kept by default, over all owners, in characters. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
/** What an entry costs besides its text. */
const OWNER_OVERHEAD = 300;
const VALUE_OVERHEAD = 100;

interface Cached { values: Map<string, JsonValue>; characters: number }

export class ValueCache {
  /** In order of last use. */
  readonly #owners = new Map<string, Cached>();
  #characters = 0;

  /** @param maxCharacters text kept, over all owners */
  constructor(private readonly maxCharacters = MAX_CHARACTERS) {}

  clear(): void {
    this.#owners.clear();
    this.#characters = 0;
  }

  get(owner: string): ReadonlyMap<string, JsonValue> | undefined {
    return this.#owners.get(owner)?.values;
  }

  /** The owner's values, when all these keys are among them. */
  all(owner: string, keys: readonly string[]): ReadonlyMap<string, JsonValue> | undefined {
    const entry = this.#owners.get(owner);
    if (!entry) return keys.length === 0 ? new Map() : undefined;
    for (const key of keys) if (!entry.values.has(key)) return undefined;
    this.#owners.delete(owner);
    this.#owners.set(owner, entry);
    return entry.values;
  }

  put(owner: string, key: string, value: JsonValue, characters: number): void {
    let entry = this.#owners.get(owner);
    let added = characters + VALUE_OVERHEAD;
    if (!entry) {
      this.#owners.set(owner, (entry = { values: new Map(), characters: 0 }));
      added += OWNER_OVERHEAD;
    }
    entry.values.set(key, value);
    entry.characters += added;
    this.#characters += added;
    while (this.#characters > this.maxCharacters && this.#owners.size > 1) {
      const [oldest, dropped] = this.#owners.entries().next().value as [string, Cached];
      this.#owners.delete(oldest);
      this.#characters -= dropped.characters;
    }
  }
}
