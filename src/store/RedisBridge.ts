/** What the bridge to Kafka keeps in Redis: who relays a shard and how far, commands by their ids, and which topics tasks wait for. */

import { createHash } from "node:crypto";
import type { Redis } from "./connect.js";
import { readLaneName } from "../engine/lanes.js";
import type { ShardKeys } from "./keys.js";
import type { Scripts } from "./scripts.js";

/** How far the events of a shard have come. */
export interface RelayCursor {
  /** Id of the last step that Kafka has; undefined: none. */
  at: string | undefined;
  /** How many steps the feed ever had up to that one; undefined: not known. */
  passed: number | undefined;
}

export interface RelayLease extends RelayCursor {
  /** HELD: the caller relays. OTHER: somebody else does. LOST: somebody else has taken over since. */
  code: "HELD" | "OTHER" | "LOST";
  token: string;
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
    return this.#hold(shard, [who, "", leaseMs, "", ""]);
  }

  /** @param to where it stands now; absent: as before */
  keepRelay(shard: number, who: string, token: string, leaseMs: number, to?: RelayCursor): Promise<RelayLease> {
    return this.#hold(shard, [who, token, leaseMs, to?.at ?? "", to?.passed ?? ""]);
  }

  async leaveRelay(shard: number, who: string, token: string): Promise<void> {
    await this.#hold(shard, [who, token, 0, "", ""]);
  }

  async relayedTo(shard: number): Promise<RelayCursor> {
    const [at, passed] = await this.redis.hmget(this.shards.of(shard).relay, "at", "passed");
    return cursor(at, passed);
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
    const [code, token, at, passed] = await this.scripts.call<[RelayLease["code"], string, string, string]>("holdRelay", [this.shards.of(shard).relay], args);
    return { code, token, ...cursor(at, passed) };
  }
}

function cursor(at: string | null | undefined, passed: string | null | undefined): RelayCursor {
  return { at: at ? at : undefined, passed: passed ? Number(passed) : undefined };
}
