/** From one declared task to its items. */

import { describe, expect, test } from "vitest";
import type { ExpansionDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { itemScope } from "../../src/workflow/itemScope.js";
import { TaskExpansion } from "../../src/workflow/TaskExpansion.js";
import type { Expanded } from "../../src/workflow/TaskExpansion.js";
import { expansion } from "../support/builders.js";
import { scopeOf } from "../support/scopeOf.js";

async function expand(parts: Partial<ExpansionDefinition>, context: JsonObject = {}): Promise<Expanded> {
  return new TaskExpansion(expansion(parts)).expand(scopeOf(context));
}

async function variables(parts: Partial<ExpansionDefinition>, context: JsonObject = {}): Promise<JsonObject[]> {
  return (await expand(parts, context)).items.map((item) => item.variables);
}

async function failure(parts: Partial<ExpansionDefinition>, context: JsonObject = {}): Promise<{ code: string; message: string }> {
  return expand(parts, context).then(() => expect.fail("it should have failed"), (error: { code: string; message: string }) => error);
}

describe("array", () => {
  test("makes one item per element, named by its position", async () => {
    expect(await expand({ array: { c: "customers" } }, { customers: ["a", { n: 1 }, null] })).toEqual({
      items: [{ variables: { c: "a" }, identifier: "0" }, { variables: { c: { n: 1 } }, identifier: "1" }, { variables: { c: null }, identifier: "2" }],
    });
  });

  test("takes a literal list as it is, braces included", async () => {
    expect(await variables({ array: { c: ["{{ x }}", 2] } })).toEqual([{ c: "{{ x }}" }, { c: 2 }]);
  });

  test("of an empty list, of a selection of none and of no value makes no item", async () => {
    for (const source of ["none", "some[$ > 5]", "some.field"]) expect(await variables({ array: { c: source } }, { none: [], some: [1] })).toEqual([]);
  });

  test("of a selection that leaves one element makes one item", async () => {
    expect(await variables({ array: { c: "customers[vip]" } }, { customers: [{ vip: true }, { vip: false }] })).toEqual([{ c: { vip: true } }]);
  });

  test.each([[{ a: 1 }, "an object"], ["text", "a string"], [5, "a number"], [true, "a boolean"], [null, "null"]])(
    "of %j is an error that says what it is, never one silent run", async (value, kind) => {
      expect(await failure({ array: { c: "x" } }, { x: value })).toMatchObject({ code: "EXPANSION_NOT_LIST", message: expect.stringContaining(kind) as string });
    });

  test("keeps a list of one list as one item", async () => {
    expect(await variables({ array: { c: "lists" } }, { lists: [[1, 2]] })).toEqual([{ c: [1, 2] }]);
  });
});

describe("zip", () => {
  test("advances its variables together", async () => {
    expect(await variables({ zip: { a: "xs", b: ["p", "q"] } }, { xs: [1, 2] })).toEqual([{ a: 1, b: "p" }, { a: 2, b: "q" }]);
  });

  test("of unequal lengths is an error that names them", async () => {
    expect(await failure({ zip: { a: "xs", b: "ys" } }, { xs: [1, 2], ys: [1] })).toMatchObject({
      code: "EXPANSION_LENGTH", message: expect.stringContaining("a has 2, b has 1") as string,
    });
  });
});

describe("matrix", () => {
  test("makes every combination, first variable slowest", async () => {
    expect(await variables({ matrix: { x: [1, 2], y: "ys" } }, { ys: ["a", "b"] })).toEqual([
      { x: 1, y: "a" }, { x: 1, y: "b" }, { x: 2, y: "a" }, { x: 2, y: "b" },
    ]);
  });

  test("exclude drops what matches all fields of an entry, by deep and strict equality", async () => {
    const matrix = { x: [1, "1", { a: [1], b: 2 }], y: [1, 2] };
    expect(await variables({ matrix, exclude: [{ x: 1 }, { x: { b: 2, a: [1] }, y: 2 }] })).toEqual([
      { x: "1", y: 1 }, { x: "1", y: 2 }, { x: { a: [1], b: 2 }, y: 1 },
    ]);
  });

  test("include extends, overwrites only what was added, and adds combinations of its own, as CI matrices do", async () => {
    const include: JsonObject[] = [
      { color: "green" }, { color: "pink", animal: "cat" }, { fruit: "apple", shape: "circle" }, { fruit: "banana" }, { fruit: "banana", animal: "cat" },
    ];
    expect(await variables({ matrix: { fruit: ["apple", "pear"], animal: ["cat", "dog"] }, include })).toEqual([
      { fruit: "apple", animal: "cat", color: "pink", shape: "circle" },
      { fruit: "apple", animal: "dog", color: "green", shape: "circle" },
      { fruit: "pear", animal: "cat", color: "pink" },
      { fruit: "pear", animal: "dog", color: "green" },
      { fruit: "banana" },
      { fruit: "banana", animal: "cat" },
    ]);
  });

  test("include comes after exclude, so what was excluded can only come back as a combination of its own", async () => {
    expect(await variables({ matrix: { x: [1, 2] }, exclude: [{ x: 1 }], include: [{ x: 1, note: "back" }] })).toEqual([{ x: 2 }, { x: 1, note: "back" }]);
  });

  test("nested tells its shape, also when an axis is empty", async () => {
    expect((await expand({ matrix: { x: [1, 2], y: [1, 2, 3] }, nested: true })).shape).toEqual([2, 3]);
    expect(await expand({ matrix: { x: [1, 2], y: [] }, nested: true })).toEqual({ items: [], shape: [2, 0] });
  });

  test("of more than a million combinations is an error, found before they are made", async () => {
    const list = Array.from({ length: 1_001 }, (_, index) => index);
    expect(await failure({ matrix: { x: list, y: list, z: list, w: list } })).toMatchObject({ code: "EXPANSION_TOO_LARGE" });
  });
});

describe("custom", () => {
  test("makes each object's fields the variables of one item", async () => {
    expect(await variables({ custom: { expression: "xs.{\"n\": $, \"twice\": $ * 2}" } }, { xs: [1, 2] })).toEqual([{ n: 1, twice: 2 }, { n: 2, twice: 4 }]);
    expect(await variables({ custom: { expression: "xs.{\"n\": $}" } }, { xs: [1] })).toEqual([{ n: 1 }]);
  });

  test("that gives one object without a list, or a list of something else, is an error", async () => {
    expect(await failure({ custom: { expression: "{\"n\": 1}" } })).toMatchObject({ code: "EXPANSION_NOT_LIST" });
    expect(await failure({ custom: { expression: "xs" } }, { xs: [{}, 2] })).toMatchObject({
      code: "EXPANSION_NOT_LIST", message: expect.stringContaining("element 1 is a number") as string,
    });
  });
});

describe("filter and identifier", () => {
  test("the filter sees the position in the source, the identifier that among the kept items", async () => {
    const { items } = await expand({ array: { c: "xs" }, filter: "$index != 1 and c > 0", identifier: "{{ c }}@{{ $index }}" }, { xs: [5, 6, -1, 8] });
    expect(items).toEqual([{ variables: { c: 5 }, identifier: "5@0" }, { variables: { c: 8 }, identifier: "8@1" }]);
  });

  test("the filter's truth is JSONata's", async () => {
    expect(await variables({ array: { c: [0, "", [], {}, null, [0], "x", 1] }, filter: "c" })).toEqual([{ c: "x" }, { c: 1 }]);
  });

  test("the scope around the item is in sight, and its variables come first", async () => {
    expect(await variables({ array: { c: [1, 5] }, filter: "c > limit" }, { limit: 3, c: 100 })).toEqual([{ c: 5 }]);
  });

  test("an identifier that is no string becomes JSON text", async () => {
    const { items } = await expand({ array: { c: [7, { a: 1 }, null] }, identifier: "{{ c }}" });
    expect(items.map(({ identifier }) => identifier)).toEqual(["7", "{\"a\":1}", "null"]);
  });

  test("a duplicate identifier is an error that names it and both items", async () => {
    expect(await failure({ array: { c: ["x", "y", "x"] }, identifier: "id-{{ c }}" })).toMatchObject({
      code: "EXPANSION_IDENTIFIER", message: expect.stringMatching(/0 and 2.*id-x/) as string,
    });
  });

  test("__proto__ is no identifier", async () => {
    expect(await failure({ array: { c: ["__proto__"] }, identifier: "{{ c }}" })).toMatchObject({ code: "FORBIDDEN_KEY" });
  });

  test("a name that does not resolve is an error with its code", async () => {
    expect(await failure({ array: { c: [1] }, identifier: "{{ d }}" })).toMatchObject({ code: "TEMPLATE_UNRESOLVED" });
  });
});

test("100,000 items of a plain array with a filter and an identifier take well under a second", async () => {
  const xs = Array.from({ length: 100_000 }, (_, id) => ({ id, on: id % 2 === 0 }));
  const started = performance.now();
  const { items } = await expand({ array: { c: "xs" }, filter: "c.on", identifier: "{{ c.id }}" }, { xs });
  expect(items.length).toBe(50_000);
  expect(items.at(-1)?.identifier).toBe("99998");
  expect(performance.now() - started).toBeLessThan(1_500);
});

test("other work gets its turn while many items are filtered by an expression", async () => {
  let turns = 0;
  const timer = setInterval(() => { turns += 1; }, 1);
  await expand({ array: { c: "[1..20000]" }, filter: "c % 2 = 0" });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
});

test("an item's scope gives its variables, $index and $item before the names around it", () => {
  const scope = itemScope(scopeOf({ c: "outer", other: 1, $index: 9 }), { variables: { c: "inner" } }, 3);
  expect(["c", "other", "$index", "$item", "toString"].map((name) => scope.get(name))).toEqual(["inner", 1, 3, { c: "inner" }, undefined]);
  expect([...scope.names()].sort()).toEqual(["$index", "$item", "c", "other"]);
});

test("what begins with $ means the same in every item, whatever names the objects of a custom expansion have", () => {
  const variables = { $error: { code: "X" }, $index: 7, c: 1 };
  const scope = itemScope(scopeOf({ $error: { code: "DOWN" } }), { variables }, 3);
  expect(["$error", "$index", "$item", "$attempt", "c"].map((name) => scope.get(name))).toEqual([{ code: "DOWN" }, 3, variables, undefined, 1]);
  expect([...itemScope(scopeOf({}), { variables }, 3).names()].sort()).toEqual(["$index", "$item", "c"]);
});
