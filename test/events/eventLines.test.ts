/** What log entries read back as, whatever events are asked for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { readEntry } from "../../src/events/eventLines.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import { EVENT_TYPES } from "../../src/workflow/events.js";
import { readCursor } from "../../src/workflow/cursor.js";
import { expansion, group, task, workflow } from "../support/builders.js";

/** Of a workflow with a group (node 0, group 0) that is expanded, a task in it (node 1) and one behind it (node 2). */
const LINES = [
  "B", "b", "wp", "wr P", "wr R", "wq", 'cv ["a","b"]', "G 1", "H 1", "J 1", "R 0", "R 2", "R 1@0", "S 2 - 1 1 w1", "S 2 0 7 1 w1", "S 1@0 - 1 1 w1", "X 2 12",
  "C 0 - 1 1 w1", "C 2 - 1 1 w1", "C 2 - 1 1 -", 'F 2 - 1 1 w1 {"code":"A","message":"b","retryable":false}', "F 0 - 1 1 w1", "T 2 - 1 1 w1", "T 0 - 1 1 -", "IC 2 3 4 1 w1",
  'IF 2 3 1 1 w1 {"code":"A","message":"b","retryable":false}', "Y 2 - 1 99 w1", "Y 2 5 1 99 w1", "W 2 - 1 -", "W 2 4 1 99", "K 2 w", "Z 2", 'P 2 - 1 {"percent":5}', "U 2",
  "E C -", 'E F {"code":"A","message":"b","retryable":false}', "E X -", "E T -", "unknown 1",
];
const plan = compilePlan(workflow([group("each", [task("a")], { expansion: expansion({ array: { x: "xs" } }) }), group("h", [task("b")])]));

const arbitraryEntry = fc.array(fc.constantFrom(...LINES), { maxLength: 8 }).map((lines) => ["41 1000", ...lines].join("\n"));

test("every type of event comes of some line", () => {
  const types = readEntry("w", plan, 0, ["1 1000", ...LINES].join("\n"), 0).events.map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(EVENT_TYPES));
});

test("asked for some types, an entry gives those of its events that are of them, and ends where it ends", () => {
  fc.assert(fc.property(arbitraryEntry, fc.subarray([...EVENT_TYPES]), fc.integer({ min: 38, max: 60 }), (text, types, afterSeq) => {
    const all = readEntry("w", plan, 3, text, 0);
    const some = readEntry("w", plan, 3, text, afterSeq, new Set(types));
    expect(some).toEqual({ ...all, events: all.events.filter(({ seq, type }) => seq > afterSeq && types.includes(type)) });
  }));
});

test("events are numbered without a gap, and the last one's cursor is behind the entry", () => {
  fc.assert(fc.property(arbitraryEntry, (text) => {
    const { events, lastSeq, ended } = readEntry("w", plan, 3, text, 0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => 41 + i));
    expect(lastSeq).toBe(40 + events.length);
    for (const { seq, cursor } of events) expect(readCursor(cursor)).toMatchObject({ entry: seq === lastSeq ? 4 : 3, seq });
    if (ended) expect(events.at(-1)?.kind).toBe("workflow");
  }));
});
