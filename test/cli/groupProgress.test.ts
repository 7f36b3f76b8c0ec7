import { describe, expect, test } from "vitest";
import { endedOf, GroupProgress } from "../../src/cli/groupProgress.js";
import type { FollowedEvent } from "../../src/cli/operations.js";
import { noCounts } from "../../src/workflow/status.js";

let seq = 0;
function taskEvent(type: FollowedEvent["type"], task: string, more: Partial<FollowedEvent> = {}): FollowedEvent {
  seq += 1;
  return { __typename: "TaskEvent", cursor: String(seq), seq, type, at: "2026-01-01T00:00:00.000Z", task, attempt: 1, item: null, ...more };
}

function watched(): GroupProgress {
  return new GroupProgress([{ name: "prepare", tasks: [{}, {}] }, { name: "report", tasks: [{}] }]);
}

describe("GroupProgress", () => {
  test("a declared task counts one until it is expanded, then one per item", () => {
    const progress = watched();
    expect(progress.groups[0]?.total).toBe(2);
    progress.apply(taskEvent("TASK_EXPANDED", "prepare.records", { itemCount: 250 }));
    expect(progress.groups[0]?.total).toBe(251);
    expect(progress.groups[1]?.total).toBe(1);
  });

  test("the end of an expanded task does not count beside its items", () => {
    const progress = watched();
    progress.apply(taskEvent("TASK_EXPANDED", "prepare.records", { itemCount: 2 }));
    progress.apply(taskEvent("TASK_COMPLETED", "prepare.records", { item: "a" }));
    progress.apply(taskEvent("TASK_FAILED", "prepare.records", { item: "b" }));
    progress.apply(taskEvent("TASK_COMPLETED", "prepare.records"));
    expect(progress.groups[0]).toMatchObject({ total: 3, completed: 1, failed: 1, left: 0 });
  });

  test("items that never ran count as left when their task fails", () => {
    const progress = watched();
    progress.apply(taskEvent("TASK_EXPANDED", "prepare.records", { itemCount: 10 }));
    progress.apply(taskEvent("TASK_FAILED", "prepare.records", { item: "a" }));
    progress.apply(taskEvent("TASK_FAILED", "prepare.records"));
    expect(progress.groups[0]).toMatchObject({ failed: 1, left: 9 });
  });

  test("an expansion without items leaves nothing to wait for", () => {
    const progress = watched();
    progress.apply(taskEvent("TASK_EXPANDED", "report.report", { itemCount: 0 }));
    progress.apply(taskEvent("TASK_COMPLETED", "report.report"));
    expect(progress.groups[1]).toMatchObject({ total: 0, completed: 0 });
  });

  test("a retry, a start and progress of a task end nothing", () => {
    const progress = watched();
    for (const type of ["TASK_STARTED", "TASK_RETRYING", "TASK_PROGRESS", "TASK_WAITING"] as const) progress.apply(taskEvent(type, "report.report"));
    expect(progress.groups.map(endedOf)).toEqual([0, 0]);
  });

  test("of a group that is expanded as a whole the tasks are counted as they come, and only its own end ends it", () => {
    const progress = new GroupProgress([{ name: "each", tasks: [] }]);
    const groupEvent = (type: FollowedEvent["type"], group: string): FollowedEvent => ({ ...taskEvent(type, ""), __typename: "GroupEvent", group, task: undefined } as FollowedEvent);
    progress.apply(groupEvent("GROUP_STARTED", "each"));
    progress.apply(taskEvent("TASK_EXPANDED", "each", { itemCount: 2 }));
    for (const instance of ["each[0]", "each[1]"]) {
      progress.apply(groupEvent("GROUP_STARTED", instance));
      progress.apply(taskEvent("TASK_READY", `${instance}.score`));
    }
    progress.apply(taskEvent("TASK_COMPLETED", "each[0].score"));
    progress.apply(groupEvent("GROUP_COMPLETED", "each[0]"));
    expect(progress.groups[0]).toMatchObject({ total: 2, completed: 1, state: "running" });
    progress.apply(groupEvent("GROUP_COMPLETED", "each"));
    expect(progress.groups[0]?.state).toBe("completed");
  });

  test("tasks of group instances and nested groups count for their top group", () => {
    const progress = watched();
    progress.apply(taskEvent("TASK_COMPLETED", "prepare[3].inner.score", { item: "x" }));
    expect(progress.groups[0]?.completed).toBe(1);
  });

  test("the server's counts have the last word", () => {
    const progress = watched();
    progress.settle([{ name: "prepare", status: "CANCELLED", counts: { ...noCounts(), total: 7, completed: 1, timedOut: 2, cancelled: 3, skipped: 1 } }]);
    expect(progress.groups[0]).toEqual({ name: "prepare", state: "failed", total: 7, completed: 1, failed: 2, left: 4 });
  });
});
