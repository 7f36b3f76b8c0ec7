/** What expressions may do, what they may not, and how they say so. */

import { describe, expect, it } from "vitest";
import { FanwireError } from "../../../src/errors.js";
import { checkExpression, compileExpression, evaluateCondition, evaluateOver } from "../../../src/workflow/expressions/expression.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { scopeOf } from "./scope.js";

async function valueOf(source: string, values: Record<string, JsonValue> = {}): Promise<JsonValue | undefined> {
  return compileExpression(source).evaluate(scopeOf(values));
}

async function failure(source: string, values: Record<string, JsonValue> = {}): Promise<FanwireError> {
  const error: unknown = await valueOf(source, values).then((value) => ({ value }), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(FanwireError);
  return error as FanwireError;
}

describe("values", () => {
  it("are plain lists, whatever JSONata makes them of", async () => {
    const list = await valueOf("orders[price > 10].id", { orders: [{ id: 1, price: 11 }, { id: 2, price: 12 }, { id: 3, price: 1 }] });
    expect(list).toStrictEqual([1, 2]);
    expect(Object.getOwnPropertyNames(list)).toEqual(["0", "1", "length"]);
    expect(await valueOf("[1..3]")).toStrictEqual([1, 2, 3]);
    expect(await valueOf("{'a': x[$ > 1]}", { x: [1, 2, 3] })).toStrictEqual({ a: [2, 3] });
  });

  it("are undefined where JSONata has none", async () => {
    expect(await valueOf("orders[price > 10]", { orders: [] })).toBeUndefined();
    expect(await valueOf("missing")).toBeUndefined();
  });

  it.each(["$sum", "function($x){$x}", "/a/", "{'f': $sum}", "[$sum]", "1/0"])("of %s is an error, being no JSON", async (source) => {
    expect((await failure(source)).code).toBe("EXPRESSION_ERROR");
  });

  it("see the variables of the scope under their dollar names", async () => {
    expect(await valueOf("$index + $attempt", { $index: 2, $attempt: 1 })).toBe(3);
    expect(await valueOf("$error.code & '!'", { $error: { code: "X" } })).toBe("X!");
    expect(await valueOf("$workflow.id & $item.name", { $workflow: { id: "w" }, $item: { name: "n" } })).toBe("wn");
  });

  it("leave $error a function where it is called", async () => {
    expect((await failure("$error('stop here')")).message).toContain("stop here");
    expect(await valueOf("$error.code ?? 'none'")).toBe("none");
    expect(await valueOf("$error")).toBeUndefined();
  });

  it("of the whole scope have all its names, and not its variables", async () => {
    expect(await valueOf("$keys($$)", { a: 1, b: 2, $index: 0 })).toStrictEqual(["a", "b"]);
  });

  it("are computed from the names that are read, and no others", async () => {
    const asked: string[] = [];
    const scope = { get: (name: string) => (asked.push(name), 1), names: () => ["a", "b", "c"] };
    expect(await compileExpression("a + $sum([b])").evaluate(scope)).toBe(2);
    expect(asked).toEqual(["a", "b"]);
  });

  it("over data alone see it as a whole, whatever its type", async () => {
    expect(await evaluateOver("$", [1, 2])).toStrictEqual([1, 2]);
    expect(await evaluateOver("$sum(price)", [{ price: 1 }, { price: 2 }])).toBe(3);
    expect(await evaluateOver("$ & '!'", "x")).toBe("x!");
    expect(await evaluateOver("a", { a: { b: 1 } })).toStrictEqual({ b: 1 });
    expect(await evaluateOver("nothing", null)).toBeUndefined();
  });
});

describe("conditions", () => {
  it.each([
    ["a", { a: [] }, false], ["a", { a: [0, ""] }, false], ["a", { a: [0, 1] }, true], ["a", { a: {} }, false], ["a", { a: "x" }, true],
    ["a", {}, false], ["a", { a: null }, false], ["a > 1", { a: 2 }, true], ["a[b]", { a: [] }, false], ["a", { a: [[0], [[]]] }, false],
  ])("%s of %j is %s, as $boolean says", async (source, values, expected) => {
    const scope = scopeOf(values as Record<string, JsonValue>);
    expect(await evaluateCondition(compileExpression(source), scope)).toBe(expected);
    expect((await valueOf(`$boolean(${source})`, values as Record<string, JsonValue>)) ?? false).toBe(expected);
  });
});

describe("errors of the source", () => {
  it.each([
    ["a +", "a +"], ["", "empty"], ["a[", "a["], ["$eval('1')", "$eval"], ["$match(a, /(?=x)/)", "Lookaround"],
    ["$match(a, /(a)\\1/)", "Lookaround"], ["(".repeat(30_000), "nested"], ["x".repeat(40_000), "characters"],
    [`${"(".repeat(9)}a${" ?? 1)".repeat(9)}`, "nested"], [`${"(".repeat(40)}a${" ?: 1)".repeat(40)}`, "nested"],
    ["function($a)<n+n+n+s:n>{1}(1)", "signature"], ["'open", "open"],
  ])("%.20s names itself", (source, part) => {
    const [found] = checkExpression(source, "groups[0].tasks[0].when");
    expect(found).toMatchObject({ code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].when" });
    expect(found?.message).toContain(part);
    expect(found?.message.length).toBeLessThan(600);
  });

  it("say where", () => {
    expect(checkExpression("a + ]", "x")[0]?.message).toMatch(/"a \+ \]".*character 5/);
  });
});

describe("errors of the evaluation", () => {
  it("name the expression", async () => {
    const error = await failure("a + 1", { a: "one" });
    expect(error.code).toBe("EXPRESSION_ERROR");
    expect(error.message).toContain('"a + 1"');
    expect(error.retryable).toBe(false);
  });

  it.each([
    ["endless recursion", "($f := function($n){ 1 + $f($n) }; $f(1))"],
    ["an endless loop", "($f := function($n){ $f($n) }; $f(1))"],
    ["a long range", "[1..2000000]"],
    ["doubled strings", "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('xxxxxxxx', 27)))"],
    ["padding", "$pad('', 100000000)"],
    ["joining", "$join([1..1000].$pad('', 10000), '')"],
    ["many long strings", "[1..100000].$pad($string($), 1000000)"],
    ["many long lists", "[1..1000].{'a': [1..1000000]}"],
    ["wide objects", "[1..60000]{$string($): $}"],
    ["results that contain themselves", "{'a': {'b': 1}} ~> |a|{'self': $}|"],
    ["results that double", "($f := function($x, $n){ $n = 0 ? $x : $f({'l': $x, 'r': $x}, $n - 1) }; $f(1, 40))"],
    ["long pictures", "$formatNumber(1, $pad('', 5000, '#,'))"],
    ["calls that the loop does not check", "($s := $pad('', 2000000); $map([1..1000000], function(){ $s }) ~> $map($length))"],
  ])("stop %s at a limit", async (_what, source) => {
    const error = await failure(source);
    expect(error.code).toBe("EXPRESSION_LIMIT");
  });

  it("do not come from catastrophic regexes, which run in linear time", async () => {
    const started = performance.now();
    expect(await valueOf("$contains(a, /^(a+)+$/)", { a: `${"a".repeat(50_000)}!` })).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("refuse pictures that would backtrack, and take those in use", async () => {
    const text = `${"1".repeat(80)}x`;
    expect((await failure(`$toMillis('${text}', '[Y]1[M]1[D]1[H]1[m]1[s]')`)).code).toBe("EXPRESSION_ERROR");
    const day = Date.UTC(2024, 0, 31);
    expect(await valueOf("$toMillis('31/01/2024', '[D01]/[M01]/[Y0001]')")).toBe(day);
    expect(await valueOf("$toMillis('20240131', '[Y0001][M01][D01]')")).toBe(day);
    expect(await valueOf("$toMillis('31st January 2024', '[D1o] [MNn] [Y0001]')")).toBe(day);
    expect(await valueOf("$toMillis('2024-01-31T10:20:30.500Z')")).toBe(day + 37_230_500);
    expect(await valueOf("$toMillis('2024-01-31T10:20:30+01:00', '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z]')")).toBe(day + 33_630_000);
  });
});

describe("the sandbox", () => {
  it.each(["constructor", "__proto__", "a.constructor", "a.__proto__", "$string.constructor", "a.toString", "$lookup($$, '__proto__')", "process", "globalThis", "$.hasOwnProperty"])(
    "shows nothing under %s", async (source) => {
      expect(await valueOf(source, { a: { b: 1 } })).toBeUndefined();
    },
  );

  it("keeps functions as they are for the next expression", async () => {
    await valueOf("{} ~> |$sum|{'implementation': function($x){ 'changed' }}|").catch(() => undefined);
    await valueOf("{} ~> |$sum|{'_jsonata_function': false, 'signature': null}, ['implementation']|").catch(() => undefined);
    await valueOf("{} ~> |$now|{'implementation': function(){ 'changed' }}|").catch(() => undefined);
    expect(await valueOf("$sum([1, 2])")).toBe(3);
    expect(await valueOf("$length($now())")).toBe(24);
  });

  it("never changes the scope's values", async () => {
    const values = { a: { b: { c: 1 } }, list: [3, 1, 2] };
    const before = JSON.stringify(values);
    await valueOf("a() ", values).catch(() => undefined);
    await valueOf("($clone := function($x){ $x }; $$ ~> |a.b|{'c': 2}|)", values);
    await valueOf("$sort(list)", values);
    const got = (await valueOf("$merge([a])", values)) as { b: { c: number } };
    got.b.c = 9;
    expect(JSON.stringify(values)).toBe(before);
  });

  it("sets no prototype, neither of data nor of objects at large", async () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "x": 1}') as JsonValue;
    const copy = (await valueOf("$merge([a])", { a: hostile })) as Record<string, JsonValue>;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(copy.polluted).toBeUndefined();
    await valueOf("{'a': {}} ~> |a|{'__proto__': {'polluted': true}}|");
    await valueOf("{'__proto__': {'polluted': true}}");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("takes no data for a function", async () => {
    const forged = { _jsonata_lambda: true, arguments: [], body: { type: "regex", value: { source: "(a+)+$" } } };
    expect((await failure("forged()", { forged })).code).toBe("EXPRESSION_ERROR");
    expect((await failure("forged(?)", { forged })).code).toBe("EXPRESSION_ERROR");
  });
});

describe("replaced functions", () => {
  it.each([
    ["$pad('foo', 5)", "foo  "], ["$pad('foo', -5)", "  foo"], ["$pad('foo', -5, '#')", "##foo"], ["$pad('foo', 8, '<>')", "foo<><><"],
    ["$pad('é', 3, '😀')", "é😀😀"], ["$pad('foobar', 3)", "foobar"], ["$join(['a', 'b'], '-')", "a-b"], ["$join(['a', 'b'])", "ab"],
    ["$distinct([1, '1', 1, {'a': 1, 'b': 2}, {'b': 2, 'a': 1}, null, null, [1], [1]])", [1, "1", { a: 1, b: 2 }, null, [1]]],
    ["$spread({'a': 1, 'b': 2})", [{ a: 1 }, { b: 2 }]], ["$spread([{'a': 1}, {'b': 2}])", [{ a: 1 }, { b: 2 }]], ["$spread('x')", "x"],
    ["$map([1, 2], $string)", ["1", "2"]], ["($first := $substring(?, 0, 1); $first('abc'))", "a"], ["['b', 'a'] ~> $sort ~> $join('+')", "a+b"],
    ["$formatNumber(1234.5, '#,##0.00')", "1,234.50"], ["$formatInteger(7, 'w')", "seven"], ["$parseInteger('twelve', 'w')", 12],
    ["$fromMillis(0)", "1970-01-01T00:00:00.000Z"], ["$now('[Y0001]') ~> $length", 4], ["$type($millis())", "number"],
    ["$match('ab12', /([a-z]+)(\\d+)(x)?/).groups[0]", "ab"], ["$replace('a1b2', /\\d/, '#')", "a#b#"], ["$split('a, b,c', /,\\s*/)", ["a", "b", "c"]],
    ["$contains('ABC', /b/i)", true],
  ])("%s is %j, as in JSONata", async (source, expected) => {
    expect(await valueOf(source)).toStrictEqual(expected);
  });
});
