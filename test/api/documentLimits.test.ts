/** A hostile document is refused before it costs anything. */

import { buildSchema, parse, specifiedRules, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { checkDocumentText, selectionLimits } from "../../src/api/documentLimits.js";
import { SELECTION_LIMIT_DEPTH } from "../../src/api/limits.js";

describe("the text", () => {
  test("ordinary documents pass, a definition written as a literal too", () => {
    const tasks = Array.from({ length: 500 }, (_, i) => `{name: "t${i}", handler: "log", input: {a: [1, {b: $x}]}}`).join(" ");
    expect(checkDocumentText("{ serverInfo { version } }")).toBeUndefined();
    expect(checkDocumentText(`mutation { submitWorkflow(input: {definition: {name: "w", groups: [{name: "g", tasks: [${tasks}]}]}}) { workflow { id } } }`)).toBeUndefined();
  });

  test.each([
    ["more than 100 KB, though all of it comment", `#${"x".repeat(101_000)}\n{ a }`, /bytes/],
    ["more than 100 KB of characters that take several bytes", `{ a(b: "${"€".repeat(40_000)}") }`, /bytes/],
    ["very many tokens", `{ a(b: [${"1,".repeat(25_000)}]) }`, /tokens/],
    ["nested selections", "{a".repeat(5_000) + "}".repeat(5_000), /nests/],
    ["nested literals", `{ a(b: ${"[".repeat(5_000)}${"]".repeat(5_000)}) }`, /nests/],
    ["a flood of aliases", `{ ${Array.from({ length: 3_000 }, (_, i) => `a${i}: b`).join(" ")} }`, /selects more than/],
    ["the same field over and over", `{ ${"b ".repeat(3_000)} }`, /selects more than/],
  ])("%s is refused, and nothing behind the breach is read", (_what, text, message) => {
    // No token: whoever comes to it gives up.
    const broken = "\u0000";
    expect(checkDocumentText(`{ a(b: ${broken}${"1, ".repeat(200)}) }`)).toBeUndefined();
    for (const document of [text, `${text.replace(/[\])} ]+$/, "")} ${broken}`]) {
      const error = checkDocumentText(document);
      expect(error?.message).toMatch(message);
      expect(error?.extensions).toEqual({ code: "LIMIT_EXCEEDED" });
    }
  });

  test("brackets and names inside strings and comments do not count", () => {
    expect(checkDocumentText(`{ a(b: "${"{[(a ".repeat(3_000)}") } # ${"{[(".repeat(3_000)}`)).toBeUndefined();
  });

  test("what is no GraphQL is left to the parser", () => {
    expect(checkDocumentText(`{ a "${"x".repeat(500)}`)).toBeUndefined();
  });
});

describe("the selections", () => {
  const schema = buildSchema("type Query { a: Query, b: Int }");
  const problems = (text: string) => validate(schema, parse(text), [...specifiedRules, selectionLimits]).map(({ message }) => message);
  const nested = (levels: number) => "{a".repeat(levels - 1) + "{b}" + "}".repeat(levels - 1);

  test("the depth limit itself is allowed, one more is not", () => {
    expect(problems(nested(SELECTION_LIMIT_DEPTH))).toEqual([]);
    expect(problems(nested(SELECTION_LIMIT_DEPTH + 1))).toEqual([expect.stringMatching(/depth limit is 15/)]);
  });

  test("depth hidden in fragments counts, whatever they are called", () => {
    const text = `{ ...__schema } fragment __schema on Query ${nested(9).replace("b", "...more")} fragment more on Query ${nested(9)}`;
    expect(problems(text)).toEqual([expect.stringMatching(/depth limit/)]);
  });

  test("fragments that double at every step are refused without being expanded", () => {
    // Twice as many fields at each level: nobody lives to see them all.
    const levels = 60;
    const fragments = Array.from({ length: levels }, (_, i) => `fragment f${i} on Query { x: a { ...f${i + 1} } y: a { ...f${i + 1} } }`);
    expect(problems(`{ ...f0 } ${fragments.join(" ")} fragment f${levels} on Query { b }`)).toContainEqual(expect.stringMatching(/fragments expanded/));
  });

  test("fragments in a circle end", () => {
    expect(problems("{ ...f } fragment f on Query { a { ...g } } fragment g on Query { a { ...f } }")).toContainEqual(expect.stringMatching(/Cannot spread fragment/));
  });
});
