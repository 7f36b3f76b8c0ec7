/** Templates: what they give, what they refuse, and what they say about it. */

import { describe, expect, it } from "vitest";
import { FanwireError } from "../../../src/errors.js";
import { checkTemplate, compileTemplate } from "../../../src/workflow/expressions/template.js";
import type { JsonObject, JsonValue } from "../../../src/workflow/json.js";
import { scopeOf } from "./scope.js";

const CUSTOMER = { name: "Ada", tags: ["x", "y"], age: 36, none: null };

async function rendered(template: JsonValue, values: Record<string, JsonValue> = { customer: CUSTOMER }): Promise<JsonValue> {
  return compileTemplate(template, "input").render(scopeOf(values));
}

async function failure(template: JsonValue, values: Record<string, JsonValue> = { customer: CUSTOMER }): Promise<FanwireError> {
  const error: unknown = await rendered(template, values).then((value) => ({ value }), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(FanwireError);
  return error as FanwireError;
}

describe("a string", () => {
  it.each<[string, JsonValue]>([
    ["{{ customer.tags }}", ["x", "y"]], ["{{customer.age}}", 36], ["{{ customer.none }}", null], ["{{ customer }}", CUSTOMER],
    ["{{ $sum([1, 2]) }}", 3],
    ["Dear {{ customer.name }}", "Dear Ada"], [" {{ customer.age }}", " 36"], ["{{ customer.name }}{{ customer.age }}", "Ada36"],
    ["{{ customer.none }}!", "null!"], ["{{ customer.tags }}.", '["x","y"].'], ["<{{ customer.x ?? \"none\" }}>", "<none>"],
    ["{{{{", "{{"], ["{{{{ customer }}", "{{ customer }}"], ["{{{{{{ customer.name }}", "{{Ada"], ["a }} b", "a }} b"], ["{ {{ customer.age }} }", "{ 36 }"],
    ["{{ '}}' }}", "}}"], ['{{ "\\"}}" }}', '"}}'], ["{{{'a': {'b': 1}}}}", { a: { b: 1 } }], ["{{ {'a': '}'}.a }}}", "}}"],
    ["{{ customer.`name` }}", "Ada"], ["{{ customer.age /* }} */ }}", 36], ["{{ $replace('a\"b', /\"/, \"'\") }}", "a'b"],
    ["{{ $contains('a}}', /\\}\\}/) }}", true], ["{{ customer.age / 2 }} / {{ customer.age }}", "18 / 36"],
  ])("%s gives %j", async (template, expected) => {
    expect(await rendered(template)).toStrictEqual(expected);
  });
});

describe("a value", () => {
  it("is filled in at any depth, and keys are not templates", async () => {
    const template = { "{{ customer.name }}": [1, { x: "{{ customer.name }}" }, [["{{ customer.age }}!"]]], y: true };
    expect(await rendered(template)).toStrictEqual({ "{{ customer.name }}": [1, { x: "Ada" }, [["36!"]]], y: true });
  });

  it("is given out at once when its expressions are plain paths, and later when one is not", () => {
    const scope = scopeOf({ a: 1 });
    expect(compileTemplate({ x: "{{ a }}", y: "{{ b ?? 2 }}" }).render(scope)).toStrictEqual({ x: 1, y: 2 });
    expect(compileTemplate({ x: "{{ a }}", y: "{{ a + 1 }}", z: "{{ a }}" }).render(scope)).toBeInstanceOf(Promise);
    return expect(compileTemplate({ x: "{{ a }}", y: "{{ a + 1 }}", z: "{{ a }}" }).render(scope)).resolves.toStrictEqual({ x: 1, y: 2, z: 1 });
  });

  it("shares the parts that no placeholder changes", async () => {
    const fixed = { a: [1, 2, 3] };
    expect(compileTemplate({ fixed }).constant).toBe(true);
    expect(compileTemplate({ fixed, x: "{{{{" }).constant).toBe(false);
    expect(((await rendered({ fixed, x: "{{ customer.age }}" })) as JsonObject).fixed).toBe(fixed);
  });

  it("keeps a key __proto__ data", async () => {
    const template = JSON.parse('{"__proto__": {"x": "{{ customer.age }}"}}') as JsonValue;
    const result = (await rendered(template)) as JsonObject;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"x":36}}');
  });

  it("reads what its expressions read, and required wins", () => {
    expect(compileTemplate(["{{ a ?? 1 }} {{ b.c ?? 2 }}", { x: "{{ a.d }}" }]).reads).toEqual({ required: ["a"], optional: ["b"] });
  });
});

describe("a name without value", () => {
  it("is an error that names it, its place and what may have been meant", async () => {
    const error = await failure({ headers: { x: ["", "to {{ custmer.name }}"] } });
    expect(error.code).toBe("TEMPLATE_UNRESOLVED");
    expect(error.message).toBe('"custmer" of "custmer.name" has no value in input.headers.x[1]. Did you mean "customer"?');
    expect(error.details).toEqual({ name: "custmer", expression: "custmer.name", path: "input.headers.x[1]", didYouMean: "customer" });
    expect(error.retryable).toBe(false);
  });

  it.each([
    ["{{ customer.nmae }}", '"customer.nmae" has no value in input. Did you mean "name"?'],
    ["{{ customer.tags.x }}", '"customer.tags.x" has no value in input'],
    ["{{ zebra }}", '"zebra" has no value in input'],
    ["{{ $uppercase(custmer.name) }}", '"custmer" of "$uppercase(custmer.name)" has no value in input. Did you mean "customer"?'],
    ["{{ $indx }}", '"$indx" has no value in input. Did you mean "$index"?'],
    ["{{ customer.tags[$ = 'z'] }}", "\"customer.tags[$ = 'z']\" has no value in input"],
  ])("%s says %s", async (template, message) => {
    expect((await failure(template)).message).toBe(message);
  });
});

describe("an expression that fails", () => {
  it.each([
    [{ url: ["", "{{ a + 'x' }}"] }, 'The expression "a + \'x\'" failed: The right side of the "+" operator must evaluate to a number (at character 3) in input.url[1]', "a + 'x'"],
    [{ url: ["{{ $now() }}", "{{ $uppercas(a) }}"] }, 'The expression "$uppercas(a)" failed: Attempted to invoke a non-function (at character 10). Did you mean $uppercase? in input.url[1]', "$uppercas(a)"],
  ])("names itself, its place and what may have been meant: %j", async (template, message, expression) => {
    const error = await failure(template, { a: 1 });
    expect({ code: error.code, message: error.message, details: error.details, retryable: error.retryable })
      .toEqual({ code: "EXPRESSION_ERROR", message, details: { expression, path: "input.url[1]" }, retryable: false });
  });
});

describe("size", () => {
  it("over 1 MiB is refused, whatever it is made of", async () => {
    const half = "x".repeat(600_000);
    expect((await failure("{{ a }}{{ a }}", { a: half })).code).toBe("TEMPLATE_TOO_LARGE");
    expect((await failure(["{{ a }}", "{{ a }}"], { a: [half] })).code).toBe("TEMPLATE_TOO_LARGE");
    expect((await failure("{{ a }}", { a: "é".repeat(600_000) })).code).toBe("TEMPLATE_TOO_LARGE");
    expect((await failure([half, half, "{{ a }}"], { a: 1 })).code).toBe("TEMPLATE_TOO_LARGE");
  });

  it("up to 1 MiB is fine", async () => {
    const text = "x".repeat(1024 * 1024 - 2);
    expect(await rendered("{{ a }}", { a: text })).toBe(text);
    expect((await failure("{{ a }}", { a: `${text}x` })).code).toBe("TEMPLATE_TOO_LARGE");
  });
});

describe("values nested without end", () => {
  it("are refused like those that are too large", async () => {
    let value: JsonValue = 1;
    for (let depth = 0; depth < 50_000; depth++) value = [value];
    expect((await failure("x{{ a }}", { a: value })).code).toBe("TEMPLATE_TOO_LARGE");
    expect((await failure("{{ $count(a) }}", { a: value })).code).toBe("EXPRESSION_LIMIT");
  });
});

describe("syntax", () => {
  it("errors are all found, each with its place", () => {
    const problems = checkTemplate({ a: "{{ x", b: ["ok {{ y }}", "{{ }} and {{ z + }}"], "c d": { e: "{{ /(?=a)/ }}" } }, "groups[0].tasks[2].input");
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ["TEMPLATE_SYNTAX", "groups[0].tasks[2].input.a"],
      ["TEMPLATE_SYNTAX", "groups[0].tasks[2].input.b[1]"],
      ["EXPRESSION_SYNTAX", "groups[0].tasks[2].input.b[1]"],
      ["EXPRESSION_SYNTAX", 'groups[0].tasks[2].input["c d"].e'],
    ]);
  });

  it("errors are thrown by compiling", () => {
    expect(() => compileTemplate({ a: "{{ x" }, "input")).toThrow(/not closed.*input\.a/);
    expect(() => compileTemplate({ a: "{{ x + }}" })).toThrow(FanwireError);
  });

  it("of a value without end of nesting is a problem, not a crash", () => {
    let value: JsonValue = "{{ a }}";
    for (let depth = 0; depth < 20_000; depth++) value = [value];
    expect(checkTemplate(value, "input").map(({ code }) => code)).toEqual(["LIMIT_EXCEEDED"]);
  });
});
