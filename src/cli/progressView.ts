/** Two ways to show progress while it happens: bars redrawn in place on a terminal, plain lines everywhere else. */

import type { GroupCounts, GroupProgress } from "./groupProgress.js";
import { endedOf } from "./groupProgress.js";
import type { FollowedEvent } from "./operations.js";
import type { Paint, TextStream } from "./terminal.js";
import { painter, printable } from "./terminal.js";

export interface ProgressView {
  /** Called after the event was counted. */
  onEvent(event: FollowedEvent): void;
  note(text: string): void;
  /** Shows the last state for good. */
  close(): void;
}

export function progressView(stream: TextStream, title: string, progress: GroupProgress): ProgressView {
  return stream.isTTY === true ? new ProgressBars(stream, title, progress) : new ProgressLines(stream, title, progress);
}

/** Failures are worth a line of their own, but a wide expansion that fails throughout is not worth a thousand. */
const MOST_FAILURES = 10;

/** What an event says beyond its counts, or undefined when the counts say all. */
function eventLine(event: FollowedEvent, paint: Paint): string | undefined {
  const where = printable(`${event.task ?? ""}${event.item === null || event.item === undefined ? "" : `[${event.item}]`}`);
  const why = event.error ? ` ${printable(event.error.code)}: ${printable(event.error.message)}` : "";
  switch (event.type) {
    case "TASK_FAILED":
    case "TASK_TIMED_OUT":
      return `${paint("red", "✗")} ${where} failed:${why}`;
    case "TASK_RETRYING":
      return `${paint("yellow", "↻")} ${where} retries after attempt ${event.attempt}:${why}`;
    case "TASK_COMPLETED":
      return event.error ? `${paint("yellow", "!")} ${where} fell back:${why}` : undefined;
    default:
      return undefined;
  }
}

/** Lets the first lines through and counts the rest. */
class Limited {
  #count = 0;

  take(line: string | undefined): string | undefined {
    if (line === undefined) return undefined;
    this.#count += 1;
    if (this.#count > MOST_FAILURES) return undefined;
    return line;
  }

  get hidden(): number {
    return Math.max(0, this.#count - MOST_FAILURES);
  }
}

const BAR_CELLS = 30;
const REDRAW_EVERY_MS = 80;

class ProgressBars implements ProgressView {
  readonly #paint: Paint;
  readonly #limited = new Limited();
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly stream: TextStream, title: string, readonly progress: GroupProgress) {
    this.#paint = painter(stream);
    stream.write(`${this.#paint("bold", printable(title))}\n`);
    this.#draw();
  }

  onEvent(event: FollowedEvent): void {
    const line = this.#limited.take(eventLine(event, this.#paint));
    if (line !== undefined) this.note(line);
    this.#timer ??= setTimeout(() => this.#draw(), REDRAW_EVERY_MS);
  }

  note(text: string): void {
    this.#erase();
    this.stream.write(`${text}\n`);
    this.#draw();
  }

  close(): void {
    this.#draw();
    if (this.#limited.hidden > 0) this.stream.write(`… and ${this.#limited.hidden} more like these\n`);
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.stream.write(`\u001b[${this.#drawnLines}A\r\u001b[J`);
    this.#drawnLines = 0;
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#erase();
    const lines = this.#lines();
    this.stream.write(lines.map((line) => `${line}\n`).join(""));
    this.#drawnLines = lines.length;
  }

  /** One per group; more groups than the screen has rows would scroll away and could not be redrawn, so the ended ones go first. */
  #lines(): string[] {
    const room = Math.max(1, (this.stream.rows || 24) - 3);
    let groups = this.progress.groups;
    if (groups.length > room) groups = [...groups].sort((a, b) => Number(isOver(a)) - Number(isOver(b))).slice(0, room);
    const nameWidth = Math.min(24, Math.max(...groups.map(({ name }) => name.length), 0));
    const lines = groups.map((group) => this.#bar(group, nameWidth));
    const hidden = this.progress.groups.length - groups.length;
    return hidden > 0 ? [...lines, this.#paint("dim", `  … ${hidden} more`)] : lines;
  }

  #bar(group: GroupCounts, nameWidth: number): string {
    const columns = this.stream.columns || 80;
    const cells = Math.max(5, Math.min(BAR_CELLS, columns - nameWidth - 48));
    const share = group.total === 0 ? Number(isOver(group)) : endedOf(group) / group.total;
    const filled = Math.floor(share * cells);
    const colour = group.failed > 0 || group.state === "failed" ? "red" : group.state === "completed" ? "green" : "cyan";
    const name = (group.name.length > nameWidth ? `${group.name.slice(0, nameWidth - 1)}…` : group.name).padEnd(nameWidth);
    const bar = this.#paint(colour, "█".repeat(filled)) + this.#paint("dim", "░".repeat(cells - filled));
    // A line that wraps would count as two when it is redrawn.
    const counts = countsText(group).slice(0, Math.max(0, columns - nameWidth - cells - 12));
    return `  ${name} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${counts}`;
  }
}

/** A group's line again each time another quarter of it has ended. */
const QUARTERS = 4;

class ProgressLines implements ProgressView {
  readonly #limited = new Limited();
  readonly #quarters = new Map<string, number>();
  readonly #paint: Paint = (_colour, text) => text;

  constructor(readonly stream: TextStream, title: string, readonly progress: GroupProgress) {
    this.note(printable(title));
  }

  onEvent(event: FollowedEvent): void {
    const line = this.#limited.take(eventLine(event, this.#paint));
    if (line !== undefined) this.note(line);
    if (event.type === "TASK_EXPANDED") this.note(`${printable(event.task ?? "")}: ${event.itemCount ?? 0} items`);
    for (const group of this.progress.groups) this.#lineOf(group, event);
  }

  note(text: string): void {
    this.stream.write(`${text}\n`);
  }

  close(): void {
    if (this.#limited.hidden > 0) this.note(`… and ${this.#limited.hidden} more like these`);
  }

  #lineOf(group: GroupCounts, event: FollowedEvent): void {
    if (event.__typename === "GroupEvent" && event.group === group.name) {
      this.note(`${group.name}: ${group.state}, ${countsText(group)}`);
      return;
    }
    if (group.state !== "running" || group.total < QUARTERS * 2) return;
    const quarter = Math.floor((endedOf(group) / group.total) * QUARTERS);
    if (quarter <= (this.#quarters.get(group.name) ?? 0) || quarter === QUARTERS) return;
    this.#quarters.set(group.name, quarter);
    this.note(`${group.name}: ${countsText(group)}`);
  }
}

function isOver(group: GroupCounts): boolean {
  return group.state === "completed" || group.state === "failed";
}

function countsText(group: GroupCounts): string {
  const left = group.left > 0 ? `, ${group.left} skipped` : "";
  return `${group.completed}/${group.total} completed, ${group.failed} failed${left}`;
}
