/** Keys of a workflow lie in one slot, and nothing that a client sends becomes a key unchecked. */

import { expect, test } from "vitest";
import { Keys, shardOf, shardPrefix, ShardKeys } from "../../src/store/keys.js";

const ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

test("every key of a shard carries the shard's hash tag, and no other", () => {
  const keys = new Keys(shardPrefix("fanwire", 7));
  const id = `s7-${ULID}`;
  const all = [
    keys.workflow(id), keys.context(id), keys.events(id), keys.items(id, 3), keys.definition("abc"), keys.idempotency("default", "hash"),
    keys.lane("log"), keys.timers, keys.leases, keys.worker("w1"), keys.index("default", "all"), keys.tenants, keys.wake,
    keys.claimsOf("w1"), keys.claimRequest("r1"), keys.lanes, keys.load, keys.workers, keys.workersAlive,
  ];
  for (const key of all) expect(/\{([^}]*)\}/.exec(key)?.[1]).toBe("s7");
  expect(new Set(all).size).toBe(all.length);
});

test("a workflow's keys are those of the shard that its id names", () => {
  const shards = new ShardKeys("fanwire", 4);
  expect(shards.ofWorkflow(`s3-${ULID}`)?.prefix).toBe("fanwire:{s3}:");
  expect(shards.ofWorkflow(`s4-${ULID}`)).toBeUndefined();
});

test.each([
  ["empty", ""], ["no shard", ULID], ["a key of its own", `s0-${ULID}:w`], ["braces", `s{0}-${ULID}`], ["a line break", `s0-${ULID}\n`],
  ["lower case", `s0-${ULID.toLowerCase()}`], ["too short", "s0-01ARZ3"], ["letters that no ULID has", `s0-${"U".repeat(26)}`],
  ["a huge shard", `s99999-${ULID}`], ["a negative shard", `s-1-${ULID}`], ["a megabyte", "s0-".padEnd(1_000_000, "0")],
])("an id that is none of ours names no shard: %s", (_what, id) => {
  expect(shardOf(id)).toBeUndefined();
});
