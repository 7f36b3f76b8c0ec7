/** What a claim looks into, and in which order: the lanes of priority 0 always, the others as far as they are known. */

import { expect, test } from "vitest";
import { LaneBook } from "../../src/engine/LaneBook.js";
import { laneMark, laneName, markedLane, readLaneName } from "../../src/engine/lanes.js";
import { waitFor } from "../support/waitFor.js";

function newBook(filled: string[] = []): LaneBook {
  return new LaneBook({ shards: 1, filledLanes: () => Promise.resolve(filled), log: { warn: () => undefined } });
}

test("who uses neither queues nor priorities is served exactly the handlers, in the order given", () => {
  const bases = ["b", "$plan", "a"];
  expect(newBook().serve(0, bases, ["default"])).toBe(bases);
});

test("names are read as they were written", () => {
  for (const [base, queue, task, workflow, flow = ""] of [
    ["a.b:c-1", "default", 0, 0], ["a", "q-1.x", 0, 0], ["a", "q", -3, 0], ["a", "default", 5, -7], ["$expand:e", "default", 0, 1],
    ["a", "default", 0, 0, "acme"], ["a", "q", 1, -2, ".s0-01ABC"], ["$plan", "default", 0, 5, "a=20b.s1-X"],
  ] as const) {
    const name = markedLane(`${laneName(base, queue, task)}~0`, laneMark(workflow, flow)).slice(0, -2);
    expect(readLaneName(name)).toEqual({ base, queue, taskPriority: task, workflowPriority: workflow, flow });
  }
  expect(laneName("a")).toBe("a");
  expect(readLaneName("a#x")).toBeUndefined();
});

test("higher priorities come first, the workflow's before the task's, and within one the order given", () => {
  const book = newBook();
  book.learn(0, ["a#1", "b#1", "a!1", "a#-9!1", "b#-1", "b!-1", "$plan#1", "a#1000!-1"]);
  expect(book.serve(0, ["b", "$plan", "a"], ["default"])).toEqual(["a!1", "a#-9!1", "b#1", "$plan#1", "a#1", "b", "$plan", "a", "b#-1", "a#1000!-1", "b!-1"]);
});

test("only lanes of the own handlers and queues are served, and the plan's in every queue", () => {
  const book = newBook();
  book.learn(0, ["a@q#1", "b@q#1", "a#2", "$plan#3", "$expand:mine#1", "$expand:other#1"]);
  expect(book.serve(0, ["$plan", "$expand:mine", "a"], ["q", "r"])).toEqual(["$plan#3", "$expand:mine#1", "a@q#1", "$plan", "$expand:mine", "a@q", "a@r"]);
});

test("listeners are told of what is new, once", () => {
  const book = newBook();
  let told = 0;
  const undo = book.onLearnt(() => { told++; });
  book.learn(0, ["a#1"]);
  book.learn(0, ["a#1", "a"]);
  expect(told).toBe(1);
  undo();
  book.learn(0, ["a#2"]);
  expect(told).toBe(1);
});

test("what a lost ring would have told is asked for", async () => {
  const book = newBook(["a#4"]);
  book.start();
  await waitFor(() => book.serve(0, ["a"], ["default"]).includes("a#4"), { what: "the lane to be known" });
  await book.stop();
});

/** Which of the lanes was served before the others, in so many claims. */
function firsts(book: LaneBook, bases: readonly string[], among: readonly string[], claims = 600): Map<string, number> {
  const counts = new Map(among.map((name) => [name, 0]));
  for (let i = 0; i < claims; i++) {
    const first = book.serve(0, bases, ["default"]).find((name) => counts.has(name)) as string;
    counts.set(first, (counts.get(first) as number) + 1);
  }
  return counts;
}

test("tenants have equal chances, however many flows one of them has and whatever else is known and empty", () => {
  const book = newBook();
  book.learn(0, [...Array.from({ length: 20 }, (_, i) => `a%acme.w${i}`), "a%acme", "a%beta", ...Array.from({ length: 30 }, (_, i) => `a%idle${i}`)]);
  const acme = [...Array.from({ length: 20 }, (_, i) => `a%acme.w${i}`), "a%acme"];
  const counts = firsts(book, ["a"], [...acme, "a%beta", "a"]);
  const ofAcme = acme.reduce((sum, name) => sum + (counts.get(name) as number), 0);
  // 200 each would be exact; with 600 claims one in ten thousand runs strays by 45.
  for (const count of [ofAcme, counts.get("a%beta"), counts.get("a")]) expect(Math.abs((count as number) - 200)).toBeLessThan(75);
});

test("the flows of a tenant have equal chances", () => {
  const book = newBook();
  book.learn(0, ["a%.w1", "a%.w2"]);
  for (const count of firsts(book, ["a"], ["a", "a%.w1", "a%.w2"]).values()) expect(Math.abs(count - 200)).toBeLessThan(75);
});

test("priorities come before flows", () => {
  const book = newBook();
  book.learn(0, ["a%.w1", "a!1%.w2", "a%beta", "a#-1%beta", "a!1"]);
  for (let i = 0; i < 20; i++) {
    const served = book.serve(0, ["a"], ["default"]);
    expect([new Set(served.slice(0, 2)), new Set(served.slice(2, 5)), served.slice(5)]).toEqual([new Set(["a!1%.w2", "a!1"]), new Set(["a", "a%.w1", "a%beta"]), ["a#-1%beta"]]);
  }
});

test("of very many lanes a claim looks into a bounded number, the most urgent ones", () => {
  const book = newBook();
  book.learn(0, Array.from({ length: 900 }, (_, i) => `a#${i + 1}`));
  const served = book.serve(0, ["a"], ["default"]);
  expect(served).toHaveLength(257);
  expect(served.slice(0, 2)).toEqual(["a#900", "a#899"]);
});
