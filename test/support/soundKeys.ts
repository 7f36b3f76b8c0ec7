/** Holds the keys of a test's deployment against everything that must be true of them. */

import type { Redis } from "../../src/store/connect.js";
import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { isPassing, type Finding } from "../../src/store/fsck/findings.js";
import { fsck } from "../../src/store/fsck/fsck.js";
import { KeyPicture } from "./keyPicture.js";
import { configOf } from "./testNode.js";
import { waitFor } from "./waitFor.js";

export async function findingsNow(redis: Redis, keyPrefix: string, shards = 1): Promise<Finding[]> {
  return fsck(await KeyPicture.take(redis, keyPrefix), keyPrefix, shards);
}

/** While anything may be going on: what may not be for a single moment. */
export async function expectSoundKeys(redis: Redis, keyPrefix: string, shards = 1): Promise<void> {
  expect((await findingsNow(redis, keyPrefix, shards)).filter((finding) => !isPassing(finding))).toEqual([]);
}

/** Once nothing goes on any more: nothing at all, as soon as the last timers were due. @param timeoutMs until then */
export async function expectSoundKeysAtRest(redis: Redis, keyPrefix: string, { shards = 1, timeoutMs = 10_000 } = {}): Promise<void> {
  let found: Finding[] = [];
  await waitFor(async () => {
    found = await findingsNow(redis, keyPrefix, shards);
    return found.every((finding) => !isPassing(finding));
  }, { what: "the last timers to be due", timeoutMs, intervalMs: 100 }).catch(() => undefined);
  expect(found).toEqual([]);
}

/** Stops a node of startTestNode whose tests may have left anything open, but nothing unsound. */
export async function stopSoundly(node: FanwireNode): Promise<void> {
  const { keyPrefix, shards } = configOf(node);
  try {
    await expectSoundKeys(node.redis, keyPrefix, shards);
  } finally {
    await node.stop();
  }
}
