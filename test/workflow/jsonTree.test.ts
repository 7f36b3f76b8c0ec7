/** Questions about whole JSON values. */

import { expect, test } from "vitest";
import type { JsonValue } from "../../src/workflow/json.js";
import { childPath, forbiddenKeyPaths, isDeeperThan, jsonBytes, jsonEquals } from "../../src/workflow/jsonTree.js";

test("paths quote what is no plain name", () => {
  expect(childPath(childPath(childPath("input", "list"), 2), "a b")).toBe("input.list[2][\"a b\"]");
});

test("depth is counted in lists and objects, and any depth can be asked about", () => {
  expect([isDeeperThan({ a: [1] }, 2), isDeeperThan({ a: [1] }, 1), isDeeperThan("text", 0), isDeeperThan([], 0)]).toEqual([false, true, false, true]);
  let deep: JsonValue = null;
  for (let level = 0; level < 200_000; level++) deep = { deep };
  expect(isDeeperThan(deep, 256)).toBe(true);
});

test("every forbidden key is found with its path", () => {
  expect(forbiddenKeyPaths(JSON.parse('{"a": [{"__proto__": {"__proto__": 1}}], "b": 1}') as JsonValue, "input")).toEqual([
    "input.a[0].__proto__", "input.a[0].__proto__.__proto__",
  ]);
});

test("size is bytes of UTF-8", () => {
  expect([jsonBytes("é"), jsonBytes([1]), jsonBytes(undefined)]).toEqual([4, 3, 0]);
});

test("equality is deep and strict", () => {
  expect(jsonEquals({ a: [1, { b: null }], c: "x" }, { c: "x", a: [1, { b: null }] })).toBe(true);
  const unequal: [JsonValue, JsonValue][] = [[1, "1"], [[1, 2], [2, 1]], [{ a: 1 }, { a: 1, b: 1 }], [{ toString: 1 }, {}], [[], {}], [null, {}], [0, false]];
  for (const [left, right] of unequal) expect(jsonEquals(left, right)).toBe(false);
});
