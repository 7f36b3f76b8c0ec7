/** An instant is written as toISOString writes it, whatever was written before. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { formatInstant } from "../../src/api/instant.js";

const MOST_MS = 8_640_000_000_000_000;

test("any instant reads as with toISOString, in any order", () => {
  const day = fc.integer({ min: -1, max: 2 }).chain((at) => fc.integer({ min: at * 86_400_000 - 3, max: at * 86_400_000 + 3 }));
  const instant = fc.oneof(day, fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.integer({ min: -MOST_MS, max: MOST_MS }), fc.constantFrom(0, -1, 59_999, 86_399_999, MOST_MS, -MOST_MS));
  fc.assert(fc.property(fc.array(instant, { maxLength: 20 }), (all) => {
    expect(all.map(formatInstant)).toEqual(all.map((ms) => new Date(ms).toISOString()));
  }), { numRuns: 2_000 });
});

test("what is no whole number of milliseconds is cut off, and what is no instant is an error", () => {
  expect(formatInstant(1_700_000_000_000.9)).toBe("2023-11-14T22:13:20.000Z");
  for (const none of [Number.NaN, Infinity, MOST_MS + 1]) expect(() => formatInstant(none)).toThrow(RangeError);
});
