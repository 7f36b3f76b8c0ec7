/** All keys under a prefix as they were at one moment, so that they can be checked while work goes on. */

import { primariesOf, type Redis } from "../../src/store/connect.js";
import type { FsckReads } from "../../src/store/fsck/reads.js";

interface Taken { type: string; expires: boolean; value: string | string[] }

const TAKE = `
local keys = redis.call('KEYS', ARGV[1])
local out = {}
for _, key in ipairs(keys) do
  local type = redis.call('TYPE', key)['ok']
  local value
  if type == 'hash' then value = redis.call('HGETALL', key)
  elseif type == 'list' then value = redis.call('LRANGE', key, 0, -1)
  elseif type == 'set' then value = redis.call('SMEMBERS', key)
  elseif type == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif type == 'stream' then
    value = {}
    for _, step in ipairs(redis.call('XRANGE', key, '-', '+')) do value[#value + 1] = step[2][2] end
  else value = redis.call('GET', key) end
  out[#out + 1] = { key, type, redis.call('PTTL', key), value }
end
return out`;

/** For tests on a Redis that stops for it: all of it is read in one step; of a cluster, each node, and so each shard. */
export class KeyPicture implements FsckReads {
  private constructor(private readonly keys: ReadonlyMap<string, Taken>) {}

  static async take(redis: Redis, keyPrefix: string): Promise<KeyPicture> {
    const rows = (await Promise.all(primariesOf(redis).map((server) => server.eval(TAKE, 0, `${keyPrefix}:*`)))).flat() as [string, string, number, string | string[]][];
    return new KeyPicture(new Map(rows.map(([key, type, ttl, value]) => [key, { type, expires: ttl !== -1, value }])));
  }

  keysUnder(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.keys.keys()].filter((key) => key.startsWith(prefix)));
  }

  type(key: string): Promise<string> {
    return Promise.resolve(this.keys.get(key)?.type ?? "none");
  }

  expires(key: string): Promise<boolean> {
    return Promise.resolve(this.keys.get(key)?.expires ?? true);
  }

  hash(key: string): Promise<Record<string, string>> {
    return Promise.resolve(Object.fromEntries(this.#pairs(key)));
  }

  async hashFields(key: string, fields: readonly string[]): Promise<(string | null)[]> {
    const hash = await this.hash(key);
    return fields.map((field) => hash[field] ?? null);
  }

  async *pairs(key: string): AsyncIterable<[string, string][]> {
    yield await Promise.resolve(this.#pairs(key));
  }

  async *list(key: string): AsyncIterable<string> {
    yield* await this.members(key);
  }

  steps(key: string): AsyncIterable<string> {
    return this.list(key);
  }

  members(key: string): Promise<string[]> {
    return Promise.resolve((this.keys.get(key)?.value ?? []) as string[]);
  }

  scores(key: string): Promise<Map<string, number>> {
    return Promise.resolve(new Map(this.#pairs(key).map(([member, score]) => [member, Number(score)])));
  }

  #pairs(key: string): [string, string][] {
    const flat = (this.keys.get(key)?.value ?? []) as string[];
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2] as string, flat[i * 2 + 1] as string]);
  }
}
