/** How the check reads keys: from a live Redis, in pages, so that nobody waits for it; tests read from a picture of one moment. */

import { primariesOf, type Redis } from "../connect.js";

export interface FsckReads {
  /** All keys that begin so, each once. */
  keysUnder(prefix: string): Promise<string[]>;
  /** As TYPE answers; `none` for a key that is gone. */
  type(key: string): Promise<string>;
  expires(key: string): Promise<boolean>;
  hash(key: string): Promise<Record<string, string>>;
  hashFields(key: string, fields: readonly string[]): Promise<(string | null)[]>;
  /** Fields and texts of a hash that may be large, in pages. */
  pairs(key: string): AsyncIterable<[string, string][]>;
  list(key: string): AsyncIterable<string>;
  members(key: string): Promise<string[]>;
  /** The texts of a stream's entries of one field, oldest first. */
  steps(key: string): AsyncIterable<string>;
  scores(key: string): Promise<Map<string, number>>;
}

const SCAN_COUNT = 1_000;
const PAGE = 500;

/** Reads of one Redis, or of a cluster. */
export class RedisReads implements FsckReads {
  constructor(private readonly redis: Redis) {}

  async keysUnder(prefix: string): Promise<string[]> {
    const found = new Set<string>();
    const pattern = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
    for (const server of primariesOf(this.redis)) {
      let cursor = "0";
      do {
        const [next, keys] = await server.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
        for (const key of keys) found.add(key);
        cursor = next;
      } while (cursor !== "0");
    }
    return [...found];
  }

  type(key: string): Promise<string> {
    return this.redis.type(key);
  }

  async expires(key: string): Promise<boolean> {
    // -1: it has no expiry; -2: it is gone.
    return (await this.redis.pttl(key)) !== -1;
  }

  hash(key: string): Promise<Record<string, string>> {
    return this.redis.hgetall(key);
  }

  async hashFields(key: string, fields: readonly string[]): Promise<(string | null)[]> {
    return fields.length === 0 ? [] : this.redis.hmget(key, ...fields);
  }

  async *pairs(key: string): AsyncIterable<[string, string][]> {
    let cursor = "0";
    do {
      const [next, flat] = await this.redis.hscan(key, cursor, "COUNT", PAGE);
      yield Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2] as string, flat[i * 2 + 1] as string]);
      cursor = next;
    } while (cursor !== "0");
  }

  async *list(key: string): AsyncIterable<string> {
    for (let start = 0; ; start += PAGE) {
      const page = await this.redis.lrange(key, start, start + PAGE - 1);
      yield* page;
      if (page.length < PAGE) return;
    }
  }

  members(key: string): Promise<string[]> {
    return this.redis.smembers(key);
  }

  async *steps(key: string): AsyncIterable<string> {
    for (let from = "-"; ;) {
      const page = await this.redis.xrange(key, from, "+", "COUNT", PAGE);
      for (const [id, fields] of page) {
        yield fields[1] as string;
        from = `(${id}`;
      }
      if (page.length < PAGE) return;
    }
  }

  async scores(key: string): Promise<Map<string, number>> {
    const flat = await this.redis.zrange(key, 0, -1, "WITHSCORES");
    return new Map(Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2] as string, Number(flat[i * 2 + 1])]));
  }
}
