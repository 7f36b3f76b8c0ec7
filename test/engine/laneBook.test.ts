/** What a claim looks into, and in which order: the lanes of priority 0 always, the others as far as they are known. */

import { expect, test } from "vitest";
import { LaneBook } from "../../src/engine/LaneBook.js";
import { laneName, prioritised, readLaneName } from "../../src/engine/lanes.js";
import { waitFor } from "../support/waitFor.js";

function newBook(filled: string[] = []): LaneBook {
  return new LaneBook({ shards: 1, filledLanes: () => Promise.resolve(filled), log: { warn: () => undefined } });
}

test("who uses neither queues nor priorities is served exactly the handlers, in the order given", () => {
  const bases = ["b", "$plan", "a"];
  expect(newBook().serve(0, bases, ["default"])).toBe(bases);
});

test("names are read as they were written", () => {
  for (const [base, queue, task, workflow] of [["a.b:c-1", "default", 0, 0], ["a", "q-1.x", 0, 0], ["a", "q", -3, 0], ["a", "default", 5, -7], ["$expand:e", "default", 0, 1]] as const) {
    const name = prioritised(`${laneName(base, queue, task)}~0`, workflow).slice(0, -2);
    expect(readLaneName(name)).toEqual({ base, queue, taskPriority: task, workflowPriority: workflow });
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

test("of very many lanes a claim looks into a bounded number, the most urgent ones", () => {
  const book = newBook();
  book.learn(0, Array.from({ length: 900 }, (_, i) => `a#${i + 1}`));
  const served = book.serve(0, ["a"], ["default"]);
  expect(served).toHaveLength(257);
  expect(served.slice(0, 2)).toEqual(["a#900", "a#899"]);
});
