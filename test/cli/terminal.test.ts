import { describe, expect, test } from "vitest";
import { durationText, painter, printable, problemText, valueText } from "../../src/cli/terminal.js";

const terminal = { write: (): boolean => true, isTTY: true };

describe("colours", () => {
  test("are used on a terminal", () => {
    expect(painter(terminal, {})("red", "x")).toBe("\u001b[31mx\u001b[39m");
  });

  test.each([
    ["in a pipe", { write: (): boolean => true }, {}],
    ["with NO_COLOR", terminal, { NO_COLOR: "1" }],
    ["on a dumb terminal", terminal, { TERM: "dumb" }],
  ])("are not used %s", (_case, stream, env) => {
    expect(painter(stream, env)("red", "x")).toBe("x");
  });

  test("an empty NO_COLOR counts as absent", () => {
    expect(painter(terminal, { NO_COLOR: "" })("red", "x")).not.toBe("x");
  });
});

describe("text of the server", () => {
  test("cannot move the cursor or clear the screen", () => {
    expect(printable("a\u001b[2Jb\rc\u009bd\ne")).toBe("a\\x1b[2Jb\\x0dc\\x9bd e");
  });

  test("a problem shows where, which code, what and what to do", () => {
    const text = problemText({ code: "CYCLE", path: "groups[0].tasks[1]", message: "In a circle.", hint: "Break it." }, painter({ write: (): boolean => true }));
    expect(text).toBe("✗ groups[0].tasks[1] [CYCLE]\n    In a circle.\n    hint: Break it.");
  });
});

describe("values", () => {
  test("that fit stand on one line, as JSON", () => {
    expect(valueText({ a: [1, "x", null] })).toBe('{"a":[1,"x",null]}');
  });

  test("long lists and strings are cut and say by how much", () => {
    const text = valueText({ names: Array.from({ length: 250 }, (_, index) => `name ${index}`), text: "y".repeat(500) });
    expect(text).toContain("… 238 more");
    expect(text).toContain("… 300 more characters");
    expect(text.length).toBeLessThan(800);
  });

  test("deep values end in their size", () => {
    let value: Record<string, never> = {};
    for (let depth = 0; depth < 60; depth += 1) value = { [`level ${depth}`]: value } as never;
    expect(valueText(value)).toContain("{ … 1 fields }");
  });
});

test.each([[0, "0 ms"], [850, "850 ms"], [12_340, "12.3 s"], [245_000, "4 min 5 s"], [7_620_000, "2 h 7 min"]])("%d ms reads %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
