/** The comparison of instances notices every difference, and lets pass what is left to time. */

import { expect, test } from "vitest";
import { noCounts } from "../../src/workflow/status.js";
import { expansion, group, task, workflow } from "../support/builders.js";
import { compareInstances, groupEnds, isLeftToTime, type ObservedInstances, type ObservedTask } from "./instances.js";
import { MODEL_HANDLERS } from "./handlers.js";
import type { Loose } from "./loose.js";
import { allInstances, runModel, type ModelOutcome } from "./referenceModel.js";

/** Two instances with names that look like addresses, each with a group of one instance inside; in the second a task fails. */
function outcomeOf(failFast: boolean): Promise<ModelOutcome> {
  const failing = { handler: "fail", input: { code: "BAD", message: "bad", untilAttempt: "{{ x = 2 ? 9 : 1 }}" } };
  const deep = group("deep", [task("leaf", failing)], { expansion: expansion({ array: { y: [1] }, failFast }) });
  const outer = group("outer", [task("head")], {
    groups: [group("plain", [], { groups: [deep] })], expansion: expansion({ array: { x: [1, 2] }, identifier: "a].plain.deep[{{ x }}", failFast }),
  });
  return runModel(workflow([outer]), {}, MODEL_HANDLERS, { items: 9, characters: 999 });
}

/** As an engine would have it that agrees. */
function observedOf(outcome: ModelOutcome): ObservedInstances & { tasks: Map<string, ObservedTask>; groups: Map<string, ObservedTask["task"]["status"]> } {
  const all = [outcome, ...allInstances(outcome)];
  const tasks = all.flatMap((nodes) => nodes.tasks).map(({ address, status, attempt, result }): [string, ObservedTask] => [address, { task: { address, status, attempt: attempt ?? 0 }, result, items: undefined }]);
  const ends = [...all.flatMap(({ groups }) => groups), ...allInstances(outcome)].map(({ address, status }): [string, ObservedTask["task"]["status"]] => [address, status]);
  return { tasks: new Map(tasks), groups: new Map(ends), unexpanded: noCounts() };
}

function check(observed: ObservedInstances, outcome: ModelOutcome): void {
  const nothing: Loose = { cut: false, nodes: new Map(), groups: new Set(), scopes: new Set() };
  compareInstances(observed, outcome, nothing, false, ({ task: { address, status } }, model, looseness) => {
    if (!(looseness === "CUT" && status === "CANCELLED")) expect(status, address).toBe(model.status);
  });
}

test("what agrees passes; a task, an instance or a status that differs does not", async () => {
  const outcome = await outcomeOf(false);
  check(observedOf(outcome), outcome);
  const changes: ((observed: ReturnType<typeof observedOf>) => void)[] = [
    ({ tasks }) => tasks.delete("outer[a].plain.deep[1].head"),
    ({ tasks }) => (tasks.get("outer[a].plain.deep[2].plain.deep[0].leaf") as ObservedTask).task.status = "CANCELLED",
    ({ groups }) => groups.delete("outer[a].plain.deep[1].plain.deep[0]"),
    ({ groups }) => groups.set("outer[3]", "COMPLETED"),
    ({ groups }) => groups.set("outer[a].plain.deep[1].plain.deep[1]", "COMPLETED"),
    ({ groups }) => groups.set("outer", "COMPLETED"),
    ({ groups }) => groups.set("outer[a].plain.deep[2]", "COMPLETED"),
  ];
  for (const change of changes) {
    const observed = observedOf(outcome);
    change(observed);
    expect(() => check(observed, outcome), String(change)).toThrow();
  }
});

test("where too many instances fail fast, any of the others may be cancelled", async () => {
  const outcome = await outcomeOf(true);
  const observed = observedOf(outcome);
  observed.groups.set("outer[a].plain.deep[1]", "CANCELLED").set("outer[a].plain.deep[1].plain.deep", "CANCELLED").delete("outer[a].plain.deep[1].plain.deep[0]");
  (observed.tasks.get("outer[a].plain.deep[1].head") as ObservedTask).task.status = "CANCELLED";
  check(observed, outcome);
  expect(isLeftToTime(outcome, "outer[a].plain.deep[1].plain.deep")).toBe(true);
  expect(groupEnds(outcome)).toEqual(new Map([["outer", "FAILED"]]));
});

test("every group and instance ends in the log, a failure failing all around it", async () => {
  const outcome = await outcomeOf(false);
  expect(isLeftToTime(outcome, "outer[a].plain.deep[2].plain.deep")).toBe(false);
  const [good, bad] = ["outer[a].plain.deep[1]", "outer[a].plain.deep[2]"];
  expect([...groupEnds(outcome)].sort()).toEqual([
    ["outer", "FAILED"], [good, "COMPLETED"], [`${good}.plain`, "COMPLETED"], [`${good}.plain.deep`, "COMPLETED"], [`${good}.plain.deep[0]`, "COMPLETED"],
    [bad, "FAILED"], [`${bad}.plain`, "FAILED"], [`${bad}.plain.deep`, "FAILED"], [`${bad}.plain.deep[0]`, "FAILED"],
  ].sort());
});
