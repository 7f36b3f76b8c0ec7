/** Pages: clamped, gapless, and honest about what lies before and behind. */

import { describe, expect, test } from "vitest";
import { pageOfList, pageSize, toPageRequest } from "../../src/api/paging.js";

describe("sizes", () => {
  test("100 by default, at most 1,000, 0 allowed", () => {
    expect([undefined, null, 0, 7, 1_000, 1_001, 2_000_000_000].map((size) => pageSize(size, "first"))).toEqual([100, 100, 0, 7, 1_000, 1_000, 1_000]);
  });

  test("a negative size is the client's mistake", () => {
    expect(() => pageSize(-1, "first")).toThrow(expect.objectContaining({ code: "INVALID_VALUE" }));
  });
});

describe("requests", () => {
  test("go forward unless the end is asked for", () => {
    expect(toPageRequest({})).toEqual({ first: 100 });
    expect(toPageRequest({ first: 5_000, after: "x" })).toEqual({ first: 1_000, after: "x" });
    expect(toPageRequest({ last: 3, before: "y", after: null })).toEqual({ last: 3, before: "y" });
    expect(toPageRequest({ before: "y" })).toEqual({ last: 100, before: "y" });
  });

  test("cannot go both ways", () => {
    expect(() => toPageRequest({ first: 1, last: 1 })).toThrow(expect.objectContaining({ code: "INVALID_VALUE" }));
  });
});

describe("a list in memory", () => {
  const numbers = Array.from({ length: 10 }, (_, index) => index);
  const isEven = (value: number) => value % 2 === 0;

  test("page after page gives every match once, in order", () => {
    const seen: number[] = [];
    let after: string | undefined;
    for (let more = true; more;) {
      const page = pageOfList(numbers, isEven, 2, after);
      seen.push(...page.edges.map(({ node }) => node));
      expect(page.totalCount).toBe(5);
      expect(page.hasPreviousPage).toBe(after !== undefined);
      after = page.edges.at(-1)?.cursor;
      more = page.hasNextPage;
    }
    expect(seen).toEqual([0, 2, 4, 6, 8]);
  });

  test("a cursor stays good when its own element no longer matches", () => {
    const after = pageOfList(numbers, isEven, 2, undefined).edges[1]?.cursor;
    expect(pageOfList(numbers, (value) => !isEven(value), 2, after).edges.map(({ node }) => node)).toEqual([3, 5]);
  });

  test.each(["", "x", "p1", "cC0x", Buffer.from("p1x").toString("base64url")])("the made-up cursor %j is refused", (cursor) => {
    expect(() => pageOfList(numbers, isEven, 2, cursor)).toThrow(expect.objectContaining({ code: "CURSOR_INVALID" }));
  });
});
