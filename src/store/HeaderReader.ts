/** Reads the headers of workflows: one each of few, a script's text of many; those of ended workflows are kept, and only asked whether they still hold. */

import type { Redis } from "./connect.js";
import { ValueCache } from "../engine/ValueCache.js";
import { HEADER_FIELDS, isThere, versionOf, type Header } from "./headers.js";
import type { Keys, ShardKeys } from "./keys.js";
import { Scripts } from "./scripts.js";

/** From how many on a script reads headers cheaper than a command each. */
const FEW = 4;
/** Text kept, in characters: a header takes a few hundred. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const KEPT = "header";
/** What the script gives in place of a header that still holds. */
const HOLDS = 1;

export class HeaderReader {
  readonly #scripts: Scripts;
  /** Of workflows that have ended: until one is retried, or goes, its header stays as it is. */
  readonly #ended = new ValueCache(MAX_CHARACTERS);

  constructor(private readonly redis: Redis, private readonly shards: ShardKeys) {
    this.#scripts = new Scripts(redis);
  }

  /** In the order of the ids; null for those that are gone. */
  async read(ids: readonly string[]): Promise<(Header | null)[]> {
    return ids.length < FEW ? this.#each(ids) : this.#many(ids);
  }

  async #each(ids: readonly string[]): Promise<(Header | null)[]> {
    return Promise.all(ids.map(async (id) => {
      const keys = this.shards.ofWorkflow(id);
      const header = keys ? ((await this.redis.hmget(keys.workflow(id), ...HEADER_FIELDS)) as Header) : undefined;
      return header && isThere(header) ? header : null;
    }));
  }

  /** One script call per shard: taking apart a reply per field is most of what a long list costs. */
  async #many(ids: readonly string[]): Promise<(Header | null)[]> {
    const headers: (Header | null)[] = ids.map(() => null);
    const shards = new Map<string, { keys: Keys; at: number[] }>();
    ids.forEach((id, i) => {
      const keys = this.shards.ofWorkflow(id);
      if (!keys) return;
      const shard = shards.get(keys.prefix);
      if (shard) shard.at.push(i);
      else shards.set(keys.prefix, { keys, at: [i] });
    });
    await Promise.all([...shards.values()].map(async ({ keys, at }) => {
      const known = at.map((i) => this.#ended.all(ids[i] as string, [KEPT])?.get(KEPT) as Header | undefined);
      const asked = at.flatMap((i, n) => [ids[i] as string, versionOf(known[n]) ?? ""]);
      const text = await this.#scripts.call<string>("workflowHeaders", [keys.timers], [keys.prefix, HEADER_FIELDS.length, ...HEADER_FIELDS, ...asked]);
      (JSON.parse(text) as (Header | typeof HOLDS)[]).forEach((answer, n) => {
        const i = at[n] as number;
        headers[i] = answer === HOLDS ? (known[n] as Header) : this.#keep(ids[i] as string, answer);
      });
    }));
    return headers;
  }

  #keep(id: string, header: Header): Header | null {
    if (!isThere(header)) return null;
    if (versionOf(header) !== undefined) this.#ended.put(id, KEPT, header as (string | false)[], header.reduce((sum, value) => sum + (value ? value.length : 0), 0));
    return header;
  }
}
