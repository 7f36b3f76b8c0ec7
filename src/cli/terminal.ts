/** Colours and text for people: how problems, durations and JSON values look on a terminal. */

import type { FoundProblem } from "./exitCodes.js";
import type { JsonValue } from "../workflow/json.js";
import { isObject } from "../workflow/json.js";

export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (colour: Colour, text: string) => string;

const ANSI: Record<Colour, readonly [number, number]> = {
  bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39],
};

/** Colours on a terminal only, and not when NO_COLOR is set to anything but the empty string. */
export function painter(stream: TextStream, env: NodeJS.ProcessEnv = process.env): Paint {
  if (stream.isTTY !== true || (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return (_colour, text) => text;
  return (colour, text) => `\u001b[${ANSI[colour][0]}m${text}\u001b[${ANSI[colour][1]}m`;
}

/**
 * Text of the server made safe for one line of a terminal: control characters, which could move the cursor or
 * rewrite the screen, become visible escapes.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) =>
    char === "\n" ? " " : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** One problem: where and which code on the first line, then the message, then what to do about it. */
export function problemText(problem: FoundProblem, paint: Paint, mark = paint("red", "✗")): string {
  const where = problem.path === undefined || problem.path === null ? "" : ` ${paint("bold", printable(problem.path))}`;
  const lines = [`${mark}${where} ${paint("dim", `[${printable(problem.code)}]`)}`, `    ${printable(problem.message)}`];
  if (problem.hint) lines.push(`    ${paint("cyan", `hint: ${printable(problem.hint)}`)}`);
  return lines.join("\n");
}

/** 850 ms, 12.3 s, 4 min 5 s, 2 h 7 min. */
export function durationText(durationMs: number): string {
  if (durationMs < 1000) return `${Math.max(0, Math.round(durationMs))} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const LINE_WIDTH = 96;
const LONGEST_STRING = 200;
const MOST_ELEMENTS = 12;
const DEEPEST = 6;

/**
 * A JSON value for reading, not for parsing: what fits stands on one line, long lists and strings are cut and say by
 * how much. `indent` is the column it starts in, in spaces.
 */
export function valueText(value: JsonValue, indent = 0, depth = 0): string {
  if (typeof value === "string" && value.length > LONGEST_STRING) {
    return `${JSON.stringify(value.slice(0, LONGEST_STRING))} … ${value.length - LONGEST_STRING} more characters`;
  }
  const whole = JSON.stringify(value);
  if (!isObject(value) && !Array.isArray(value)) return whole;
  if (whole.length + indent <= LINE_WIDTH) return whole;
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (depth >= DEEPEST) return Array.isArray(value) ? `[ … ${size} elements ]` : `{ … ${size} fields }`;
  const inner = " ".repeat(indent + 2);
  const entries = Array.isArray(value)
    ? value.slice(0, MOST_ELEMENTS).map((element) => valueText(element, indent + 2, depth + 1))
    : Object.entries(value).slice(0, MOST_ELEMENTS * 2).map(([key, field]) => `${JSON.stringify(key)}: ${valueText(field, indent + 2, depth + 1)}`);
  const lines = entries.map((entry) => `${inner}${entry}`);
  const text = lines.join(",\n") + (size > entries.length ? `,\n${inner}… ${size - entries.length} more` : "");
  return Array.isArray(value) ? `[\n${text}\n${" ".repeat(indent)}]` : `{\n${text}\n${" ".repeat(indent)}}`;
}
