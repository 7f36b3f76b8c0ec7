/** What must hold after any fault: of a log, of the results it records, and of the keys that are left. */

import { primariesOf, type Redis } from "../../src/store/connect.js";
import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import type { TaskEvent, WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../support/terminalEvent.js";
import { expectSoundKeysAtRest } from "../support/soundKeys.js";
import { configOf } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

/** seq counts 1, 2, 3 ...; one terminal event, the last; no task and no item ends twice. */
export function expectWholeLog(events: readonly WorkflowEvent[]): void {
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.filter(isTerminalEvent)).toHaveLength(1);
  expect(isTerminalEvent(events.at(-1) as WorkflowEvent)).toBe(true);
  const ends = events.filter((event): event is TaskEvent => event.kind === "task" && ["TASK_COMPLETED", "TASK_FAILED", "TASK_TIMED_OUT", "TASK_SKIPPED", "TASK_CANCELLED"].includes(event.type));
  const names = ends.map(nameOf);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
}

/** Task, with the item when there is one. */
export function nameOf(event: TaskEvent): string {
  return event.itemIndex === undefined ? event.task : `${event.task}[${event.itemIndex}]`;
}

export function completions(events: readonly WorkflowEvent[]): TaskEvent[] {
  return events.filter((event): event is TaskEvent => event.type === "TASK_COMPLETED");
}

/** All keys under a prefix (SCAN, so that a busy server is not stopped). */
export async function keysUnder(redis: Redis, keyPrefix: string): Promise<string[]> {
  const found = new Set<string>();
  for (const server of primariesOf(redis)) {
    let cursor = "0";
    do {
      const [next, keys] = await server.scan(cursor, "MATCH", `${keyPrefix}:*`, "COUNT", 1000);
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== "0");
  }
  return [...found].sort();
}

/** Of a shard: leases, timers besides retention, units waiting in lanes, and anything still counted as open. */
export async function coordinationLeft(redis: Redis, keyPrefix: string, shard = 0): Promise<string[]> {
  const keys = new Keys(shardPrefix(keyPrefix, shard));
  const leases = (await redis.hkeys(keys.leases)).filter((field) => field !== "n").map((field) => `lease ${field}`);
  const timers = (await redis.zrange(keys.timers, 0, -1)).filter((member) => !member.startsWith("X ")).map((member) => `timer ${member}`);
  const lanes = (await keysUnder(redis, keyPrefix)).filter((key) => key.includes(":q:"));
  const load = Object.entries(await redis.hgetall(keys.load)).filter(([, count]) => count !== "0").map(([name, count]) => `load ${name} ${count}`);
  return [...leases, ...timers, ...lanes, ...load];
}

/** Nothing but data may outlive the workflows, and that is sound; leases and timers of units that ended otherwise go when they are due. */
export async function expectNothingLeft(node: FanwireNode, keyPrefix: string, timeoutMs = 10_000): Promise<void> {
  const { shards } = configOf(node);
  const all = Array.from({ length: shards }, (_, shard) => shard);
  let left: string[] = [];
  await waitFor(async () => {
    left = (await Promise.all(all.map((shard) => coordinationLeft(node.redis, keyPrefix, shard)))).flat();
    return left.length === 0;
  }, { what: "the last lease, timer and lane to go", timeoutMs, intervalMs: 100 }).catch(() => undefined);
  expect(left).toEqual([]);
  await expectSoundKeysAtRest(node.redis, keyPrefix, { shards });
}

/** From now on no key goes away by itself, as those of lost workers do: what changes, somebody has changed. */
export async function stopExpiry(redis: Redis, keyPrefix: string): Promise<void> {
  for (const key of await keysUnder(redis, keyPrefix)) await redis.persist(key);
}

/** Every key under the prefix with its content, as comparable text: hashes, sets and zsets sorted, without the times of timers. */
export async function keyspace(redis: Redis, keyPrefix: string): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  for (const key of await keysUnder(redis, keyPrefix)) content[key] = await contentOf(redis, key);
  return content;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case "hash": return Object.fromEntries(Object.entries(await redis.hgetall(key)).sort(([a], [b]) => (a < b ? -1 : 1)));
    case "list": return redis.lrange(key, 0, -1);
    case "set": {
      const members = (await redis.smembers(key)).sort();
      // Lanes that hold nothing are struck off by whoever looks for those that do, at any time.
      return key.endsWith(":lanes") ? (await Promise.all(members.map(async (lane) => ((await redis.exists(lane)) ? [lane] : [])))).flat() : members;
    }
    case "zset": return (await redis.zrange(key, 0, -1)).sort();
    case "stream": return redis.xrange(key, "-", "+");
    default: return redis.get(key);
  }
}
