/** What the bridge to Kafka keeps in Redis: who relays a shard and how far, commands by their ids, and which topics tasks wait for. */

import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { readLaneName } from "../engine/lanes.js";
import type { ShardKeys } from "./keys.js";
import type { Scripts } from "./scripts.js";

export interface RelayLease {
  /** HELD: the caller relays. OTHER: somebody else does. LOST: somebody else has taken over since. */
  code: "HELD" | "OTHER" | "LOST";
  token: string;
  /** Id of the last step that Kafka has; undefined: none. */
  at: string | undefined;
}

export interface RecordedCommand {
  /** OPEN: to be carried out. DONE: `outcome` is what came of it. CONFLICT: the id was another command's. */
  code: "OPEN" | "DONE" | "CONFLICT";
  outcome: string;
}

/** A handler whose units wait in lanes, and a queue that they wait in. */
export interface WaitingLane { handler: string; queue: string }

/** Shortest time for which a command is remembered. */
const LEAST_COMMAND_MS = 86_400_000;
const NAMES_PER_SCAN = 1_000;

export class RedisBridge {
  /** @param retentionMs how long a command is remembered, but a day at least */
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly scripts: Scripts, private readonly retentionMs: number) {}

  get shardCount(): number {
    return this.shards.all().length;
  }

  takeRelay(shard: number, who: string, leaseMs: number): Promise<RelayLease> {
    return this.#hold(shard, [who, "", leaseMs, ""]);
  }

  /** @param at id of the last step that Kafka has now; absent: as before */
  keepRelay(shard: number, who: string, token: string, leaseMs: number, at = ""): Promise<RelayLease> {
    return this.#hold(shard, [who, token, leaseMs, at]);
  }

  async leaveRelay(shard: number, who: string, token: string): Promise<void> {
    await this.#hold(shard, [who, token, 0, ""]);
  }

  /** Id of the last step of the shard that Kafka has; undefined: none. */
  async relayedTo(shard: number): Promise<string | undefined> {
    return (await this.redis.hget(this.shards.of(shard).relay, "at")) ?? undefined;
  }

  /** How many steps lie behind one, counted up to `most`, and for how long the oldest of them has. @param after absent: all */
  async stepsBehind(shard: number, after: string | undefined, most: number): Promise<{ steps: number; forMs: number }> {
    const from = after === undefined ? "-" : `(${after}`;
    const rows = await this.redis.xrange(this.shards.of(shard).feed, from, "+", "COUNT", most);
    const [oldest] = rows;
    if (!oldest) return { steps: 0, forMs: 0 };
    // By the clock that the steps' ids are of.
    const [seconds, micros] = await this.redis.time();
    return { steps: rows.length, forMs: Math.max(0, Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - Number(oldest[0].split("-")[0])) };
  }

  /** All workflows of a shard that there are, in no order; one that comes meanwhile may be left out. */
  async *workflowIds(shard: number): AsyncIterable<string> {
    const keys = this.shards.of(shard);
    for (const tenant of await this.redis.smembers(keys.tenants)) {
      let cursor = "0";
      do {
        const [next, pairs] = await this.redis.zscan(keys.index(tenant, "all"), cursor, "COUNT", NAMES_PER_SCAN);
        for (let i = 0; i < pairs.length; i += 2) yield pairs[i] as string;
        cursor = next;
      } while (cursor !== "0");
    }
  }

  /** @param outcome JSON; absent: ask only. The first outcome of an id is the one that stays, and that is answered. */
  async recordCommand(tenant: string, id: string, says: string, outcome = ""): Promise<RecordedCommand> {
    const hash = createHash("sha256").update(id).digest();
    const keys = this.shards.of(hash.readUInt32BE(0) % this.shardCount);
    const [code, text] = await this.scripts.call<[RecordedCommand["code"], string]>("recordCommand", [keys.command(tenant, hash.toString("base64url"))], [
      createHash("sha256").update(says).digest("base64url"), outcome, Math.max(this.retentionMs, LEAST_COMMAND_MS),
    ]);
    return { code, outcome: text };
  }

  /** Lanes that may hold units of handlers that begin so. */
  async waitingLanes(handlerPrefix: string): Promise<WaitingLane[]> {
    const lanes = await Promise.all(this.shards.all().map(async (keys) => {
      const start = keys.lane("");
      const names: string[] = [];
      let cursor = "0";
      do {
        const [next, found] = await this.redis.sscan(keys.lanes, cursor, "COUNT", NAMES_PER_SCAN);
        names.push(...found.filter((lane) => lane.startsWith(`${start}${handlerPrefix}`)).map((lane) => lane.slice(start.length)));
        cursor = next;
      } while (cursor !== "0");
      return names;
    }));
    return lanes.flat().flatMap((name) => {
      const parts = readLaneName(name);
      return parts ? [{ handler: parts.base, queue: parts.queue }] : [];
    });
  }

  async #hold(shard: number, args: (string | number)[]): Promise<RelayLease> {
    const [code, token, at] = await this.scripts.call<[RelayLease["code"], string, string]>("holdRelay", [this.shards.of(shard).relay], args);
    return { code, token, at: at === "" ? undefined : at };
  }
}
