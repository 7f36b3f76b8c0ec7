import { describe, expect, test } from "vitest";
import { GroupProgress } from "../../src/cli/groupProgress.js";
import type { FollowedEvent } from "../../src/cli/operations.js";
import { progressView } from "../../src/cli/progressView.js";

/** Understands the sequences that a redraw uses, and holds what a person would see. */
class Screen {
  readonly lines: string[] = [""];
  #row = 0;

  constructor(readonly isTTY: boolean, readonly columns = 80, readonly rows = 24) {}

  write(text: string): boolean {
    for (const [piece] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|\r|\n|[^\u001b\r\n]+/g)) this.#take(piece);
    return true;
  }

  #take(piece: string): void {
    const up = /^\u001b\[(\d+)A$/.exec(piece);
    if (up !== null) this.#row -= Number(up[1]);
    else if (piece === "\u001b[J") this.lines.splice(this.#row, Infinity, "");
    else if (piece === "\n") this.lines[++this.#row] ??= "";
    else if (piece !== "\r" && !piece.startsWith("\u001b")) this.lines[this.#row] += piece;
  }
}

function event(type: FollowedEvent["type"], more: Partial<FollowedEvent>): FollowedEvent {
  return { __typename: type.startsWith("GROUP") ? "GroupEvent" : "TaskEvent", cursor: "", seq: 0, type, at: "", attempt: 1, ...more };
}

function run(screen: Screen, groups: string[], events: FollowedEvent[]): string[] {
  const progress = new GroupProgress(groups.map((name) => ({ name, tasks: [{}] })));
  const view = progressView(screen, "countries s0-1", progress);
  for (const each of events) {
    progress.apply(each);
    view.onEvent(each);
  }
  view.close();
  return screen.lines;
}

const failure = { code: "BROKEN", message: "no\u001b[2J way", retryable: false };
const eight = [
  event("GROUP_STARTED", { group: "prepare" }),
  event("TASK_EXPANDED", { task: "prepare.records", itemCount: 8 }),
  ...Array.from({ length: 7 }, (_, index) => event("TASK_COMPLETED", { task: "prepare.records", item: `i${index}` })),
  event("TASK_FAILED", { task: "prepare.records", item: "i7", error: failure }),
];

describe("on a terminal", () => {
  test("there is one bar per group, redrawn in place, and failures stand above the bars", () => {
    expect(run(new Screen(true), ["prepare", "report"], eight)).toEqual([
      "countries s0-1",
      "✗ prepare.records[i7] failed: BROKEN: no\\x1b[2J way",
      `  prepare ${"█".repeat(25)} 100 %  7/8 completed, 1 failed`,
      `  report  ${"░".repeat(25)}   0 %  0/1 completed, 0 failed`,
      "",
    ]);
  });

  test("no line is wider than the terminal", () => {
    const lines = run(new Screen(true, 50), ["prepare", "a-group-with-quite-a-long-name"], eight.slice(0, 9));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(50);
  });

  test("there are no more lines than the terminal has rows, and running groups are among them", () => {
    const groups = [...Array.from({ length: 40 }, (_, index) => `g${index}`), "prepare"];
    const ended = groups.slice(0, 40).map((group) => event("GROUP_COMPLETED", { group }));
    const lines = run(new Screen(true, 80, 12), groups, [...ended, ...eight.slice(0, 5)]);
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(lines.join("\n")).toMatch(/prepare .* 3\/8 completed/);
    expect(lines.join("\n")).toContain("… 32 more");
  });
});

describe("in a pipe", () => {
  test("there are plain lines, one for each further quarter, without any escape", () => {
    const progress = run(new Screen(false), ["prepare"], [...eight, event("GROUP_FAILED", { group: "prepare" })]);
    expect(progress).toEqual([
      "countries s0-1",
      "prepare: running, 0/1 completed, 0 failed",
      "prepare.records: 8 items",
      "prepare: 2/8 completed, 0 failed",
      "prepare: 4/8 completed, 0 failed",
      "prepare: 6/8 completed, 0 failed",
      "✗ prepare.records[i7] failed: BROKEN: no\\x1b[2J way",
      "prepare: failed, 7/8 completed, 1 failed",
      "",
    ]);
  });

  test("after ten failures the rest are counted, not listed", () => {
    const failures = Array.from({ length: 25 }, (_, index) => event("TASK_FAILED", { task: "prepare.records", item: `i${index}`, error: failure }));
    const lines = run(new Screen(false), ["prepare"], failures);
    expect(lines.filter((line) => line.startsWith("✗"))).toHaveLength(10);
    expect(lines).toContain("… and 15 more like these");
  });
});
