/** Cursors of subscriptions to many workflows are read back as they were written, stay short, and nothing made up passes for one. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { FanwireError } from "../../src/errors.js";
import { FEED_START } from "../../src/events/Feed.js";
import { makeFeedCursor, readFeedCursor, type FeedPosition } from "../../src/events/feedCursor.js";
import { makeCursor } from "../../src/workflow/cursor.js";

const id = fc.oneof(fc.constant(FEED_START), fc.tuple(fc.integer({ min: 1, max: 4e12 }), fc.integer({ min: 0, max: 1e6 })).map(([ms, number]) => `${ms}-${number}`));
const position: fc.Arbitrary<FeedPosition> = fc.array(id, { minLength: 1, maxLength: 70 }).chain((steps) => {
  const inside = fc.record({ shard: fc.nat(steps.length - 1), line: fc.nat(5_000), seq: fc.nat(2 ** 40) }).filter(({ shard }) => steps[shard] !== FEED_START);
  const whole = fc.constant<FeedPosition>({ steps });
  return steps.every((step) => step === FEED_START) ? whole : fc.oneof(whole, inside.map((at) => ({ steps, inside: at })));
});

test("every position comes back from its cursor", () => {
  fc.assert(fc.property(position, (at) => { expect(readFeedCursor(makeFeedCursor(at), at.steps.length)).toEqual(at); }));
});

test("a cursor of one shard takes less than 30 characters, one of 64 shards at work less than 600", () => {
  const nowMs = 1_800_000_000_000;
  expect(makeFeedCursor({ steps: [`${nowMs}-12`], inside: { shard: 0, line: 150, seq: 10_000 } }).length).toBeLessThan(30);
  expect(makeFeedCursor({ steps: Array.from({ length: 64 }, (_, i) => `${nowMs - i * 10_000}-${i}`) }).length).toBeLessThan(600);
});

function codeOf(cursor: string, shards: number): string | undefined {
  try {
    readFeedCursor(cursor, shards);
    return undefined;
  } catch (error) {
    return (error as FanwireError).code;
  }
}

test("cursors of other deployments, of single workflows, and anything cut short are CURSOR_INVALID", () => {
  const cursor = makeFeedCursor({ steps: ["1000-1", "1002-3"], inside: { shard: 1, line: 2, seq: 3 } });
  for (const shards of [1, 3]) expect(codeOf(cursor, shards)).toBe("CURSOR_INVALID");
  expect(codeOf(makeCursor({ entry: 3, seq: 7 }), 2)).toBe("CURSOR_INVALID");
  expect(codeOf(makeFeedCursor({ steps: ["1000-1", "1002-3"], inside: { shard: 2, line: 2, seq: 3 } }), 2)).toBe("CURSOR_INVALID");
  for (const made of ["", "f", "made up", "x".repeat(300_000), cursor.slice(0, -2)]) expect(codeOf(made, 2)).toBe("CURSOR_INVALID");
});

test("whatever bytes come, the answer is a position of as many shards or CURSOR_INVALID", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (bytes, shards) => {
    const cursor = Buffer.from([102, ...bytes]).toString("base64url");
    const code = codeOf(cursor, shards);
    if (code === undefined) expect(readFeedCursor(cursor, shards).steps.every((step) => /^\d+-\d+$/.test(step))).toBe(true);
    else expect(code).toBe("CURSOR_INVALID");
  }), { numRuns: 2_000 });
});
