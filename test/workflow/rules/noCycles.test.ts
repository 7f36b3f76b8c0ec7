/** No circles. */

import { expect, test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("a circle over keys and after is named from task to task, with the reasons", () => {
  expectProblems(workflow([group("a", [task("x", { input: "{{ y }}" })]), group("b", [task("y", { after: ["a.x"] })])]), [
    { code: "CYCLE", path: "groups[0].tasks[0]", says: ["a.x -> b.y -> a.x", "a.x reads y of b.y", "b.y runs after a.x"] },
  ]);
});

test("optional reads close a circle too", () => {
  expectProblems(oneGroup(task("x", { optionalDependencies: ["y"] }), task("y", { input: "{{ x }}" })), [{ code: "CYCLE", path: "groups[0].tasks[0]" }]);
});

test("every circle is found at once, and tasks behind one are not blamed", () => {
  expectProblems(oneGroup(
    task("a", { dependencies: ["b"] }), task("b", { dependencies: ["a"] }),
    task("c", { dependencies: ["e"] }), task("d", { dependencies: ["c"] }), task("e", { dependencies: ["d"] }),
    task("behind", { dependencies: ["a", "e"] }),
  ), [
    { code: "CYCLE", path: "groups[0].tasks[0]", says: ["g.a -> g.b -> g.a"] },
    { code: "CYCLE", path: "groups[0].tasks[2]", says: ["g.c -> g.d -> g.e -> g.c"] },
  ]);
});

test("tasks between two circles are on none", () => {
  expectProblems(oneGroup(
    task("a", { dependencies: ["b"] }), task("b", { dependencies: ["a"] }), task("between", { dependencies: ["a"] }),
    task("c", { dependencies: ["d", "between"] }), task("d", { dependencies: ["c"] }),
  ), [{ code: "CYCLE", path: "groups[0].tasks[0]" }, { code: "CYCLE", path: "groups[0].tasks[3]", says: ["g.c -> g.d -> g.c"] }]);
});

test("of the circles through a task the shortest is named", () => {
  expectProblems(oneGroup(
    task("a", { dependencies: ["b", "c"] }), task("b", { dependencies: ["a"] }), task("c", { dependencies: ["b"] }),
  ), [{ code: "CYCLE", path: "groups[0].tasks[0]", says: ["g.a -> g.b -> g.a"] }, { code: "CYCLE", path: "groups[0].tasks[2]", says: ["g.c -> g.a -> g.b -> g.c"] }]);
});

test("a long tail behind a circle does not cost a search per task", () => {
  const tail = Array.from({ length: 4_000 }, (_, index) => task(`t${index}`, { dependencies: [index === 0 ? "a" : `t${index - 1}`] }));
  const started = performance.now();
  expectProblems(oneGroup(task("a", { dependencies: ["b"] }), task("b", { dependencies: ["a"] }), ...tail), [{ code: "CYCLE", path: "groups[0].tasks[0]" }]);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a chain of 5,000 tasks is no circle, and is judged quickly", () => {
  const chain = Array.from({ length: 5_000 }, (_, index) => task(`t${index}`, { dependencies: index === 0 ? [] : [`t${index - 1}`] }));
  const started = performance.now();
  expectProblems(oneGroup(...chain), []);
  expect(performance.now() - started).toBeLessThan(2_000);
});
