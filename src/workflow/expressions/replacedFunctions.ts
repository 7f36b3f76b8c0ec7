/** JSONata functions written anew, because JSONata's own could be made to run or to grow without bound, or leave the sandbox. */

import { canonicalJson } from "../json.js";
import type { JsonValue } from "../json.js";
import { EXPRESSION_LIMITS, LimitReached } from "./limits.js";

/** What JSONata hands to a function as `this`. */
export interface Focus {
  readonly environment: { readonly base: BaseEnvironment };
  createSequence(): unknown[];
}

export interface BaseEnvironment {
  readonly timestamp: Date;
  /** Throws when the evaluation is out of time. */
  guardrails(): void;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each function has parameters of its own
export type Implementation = (this: Focus, ...args: any[]) => unknown;

/** The functions of JSONata by name, as it defines them. */
export type Originals = Readonly<Record<string, Implementation>>;

/** Functions that replace JSONata's of the same name; same arguments, same meaning. */
export function replacedFunctions(original: Originals): Record<string, Implementation> {
  return {
    eval: () => {
      throw new Error("$eval is not available: what an expression reads must be known before it runs");
    },
    // JSONata keeps one time per compiled expression, which evaluations that overlap would overwrite.
    millis(this: Focus) {
      return this.environment.base.timestamp.getTime();
    },
    now(this: Focus, picture?: string, timezone?: string) {
      checkPicture(picture);
      return call(original, "fromMillis", this, this.environment.base.timestamp.getTime(), picture, timezone);
    },
    pad,
    join,
    distinct,
    spread,
    toMillis(this: Focus, timestamp?: string, picture?: string) {
      if (picture !== undefined && timestamp !== undefined) checkParsedPicture(timestamp, picture);
      return call(original, "toMillis", this, timestamp, picture);
    },
    ...picturesChecked(original, ["fromMillis", "formatNumber", "formatInteger", "parseInteger"]),
  };
}

function call(original: Originals, name: string, focus: Focus, ...args: unknown[]): unknown {
  return (original[name] as Implementation).apply(focus, args);
}

/** Their work grows with the square of the picture's length. */
function picturesChecked(original: Originals, names: readonly string[]): Record<string, Implementation> {
  const checked = (name: string): Implementation => function (this: Focus, value?: unknown, picture?: string, option?: unknown) {
    checkPicture(picture);
    if (typeof value === "string") checkParsedText(value);
    return call(original, name, this, value, picture, option);
  };
  return Object.fromEntries(names.map((name) => [name, checked(name)]));
}

function checkPicture(picture: string | undefined): void {
  if (picture !== undefined && picture.length > EXPRESSION_LIMITS.pictureChars) {
    throw new LimitReached(`a picture has more than ${EXPRESSION_LIMITS.pictureChars} characters`);
  }
}

function checkParsedText(text: string): void {
  if (text.length > EXPRESSION_LIMITS.pictureChars) {
    throw new LimitReached(`a text to parse has more than ${EXPRESSION_LIMITS.pictureChars} characters`);
  }
}

/** Components whose default is a name (Monday, am) and whose pattern therefore matches letters. */
const NAMED_BY_DEFAULT = "FPCE";

/**
 * JSONata turns the picture into a backtracking pattern. It can only backtrack between components that may share
 * characters, so those must be told apart by a character that the first of them cannot match, or by a fixed width.
 */
function checkParsedPicture(timestamp: string, picture: string): void {
  checkPicture(picture);
  checkParsedText(timestamp);
  const parts = picture.replaceAll("[[", "").replaceAll("]]", "").split(/\[([^\]]*)\]/);
  const seen = new Set<string>();
  let words = 0;
  for (let index = 1; index < parts.length; index += 2) {
    const marker = (parts[index] as string).replace(/\s/g, "");
    const between = parts[index + 1] ?? "";
    const last = index + 2 >= parts.length;
    const component = marker.charAt(0);
    const presentation = marker.slice(1);
    const digits = presentation === "" ? !NAMED_BY_DEFAULT.includes(component) : /^[0-9#]/.test(presentation);
    if (/w/i.test(presentation)) words++;
    const fixedWidth = between === "" && /^[0-9]/.test(presentation);
    const apart = digits ? /[^0-9]/.test(between) : /[^a-z\-, ]/i.test(between) || (words === 0 && /[^a-z]/i.test(between));
    if (seen.has(component) || words > 1 || !(last || fixedWidth || apart)) {
      throw new Error(`the picture ${JSON.stringify(picture)} cannot be used for parsing: its components must be different and told apart by separators`);
    }
    seen.add(component);
  }
}

function pad(text: string | undefined, width: number, filler?: string): string | undefined {
  if (text === undefined) return undefined;
  const wanted = Math.abs(Math.trunc(width)) - [...text].length;
  if (!(wanted > 0)) return text;
  if (wanted > EXPRESSION_LIMITS.stringChars) throw new LimitReached(`a string is longer than ${EXPRESSION_LIMITS.stringChars} characters`);
  const points = [...(filler === undefined || filler === "" ? " " : filler)].slice(0, wanted);
  const whole = points.join("").repeat(Math.floor(wanted / points.length));
  const padding = whole + points.slice(0, wanted % points.length).join("");
  return width > 0 ? text + padding : padding + text;
}

function join(texts: readonly string[] | undefined, separator = ""): string | undefined {
  if (texts === undefined) return undefined;
  let length = separator.length * Math.max(0, texts.length - 1);
  for (const text of texts) length += text.length;
  if (length > EXPRESSION_LIMITS.stringChars) throw new LimitReached(`a string is longer than ${EXPRESSION_LIMITS.stringChars} characters`);
  return texts.join(separator);
}

/** By value, in linear time; JSONata compares every element with every other. */
function distinct(this: Focus, values: unknown): unknown {
  if (!Array.isArray(values) || values.length <= 1) return values;
  const isSequence = (values as unknown[] & { sequence?: boolean }).sequence === true;
  const result = isSequence ? this.createSequence() : [];
  const seen = new Set<unknown>();
  for (const value of values) {
    const key = typeof value === "object" && value !== null && !isCallable(value) ? `json ${canonicalJson(value as JsonValue)}` : distinctScalar(value);
    if (seen.has(key)) continue;
    seen.add(key);
    result.push(value);
  }
  return result;
}

/** Strings are prefixed so that none equals an object's text. */
function distinctScalar(value: unknown): unknown {
  return typeof value === "string" ? `text ${value}` : value;
}

function isCallable(value: object): boolean {
  return "_jsonata_function" in value || "_jsonata_lambda" in value;
}

/** In linear time; JSONata copies the list so far for every element. */
function spread(this: Focus, value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return this.createSequence();
    const result: unknown[] = [];
    for (const element of value) {
      const fields = spread.call(this, element);
      if (!Array.isArray(fields)) {
        if (fields !== undefined) result.push(fields);
        continue;
      }
      for (const field of fields) result.push(field);
      if (result.length > EXPRESSION_LIMITS.sequenceItems) throw new LimitReached(`a list has more than ${EXPRESSION_LIMITS.sequenceItems} elements`);
    }
    return result;
  }
  if (value === null || typeof value !== "object" || isCallable(value)) return value;
  const result = this.createSequence();
  for (const [key, field] of Object.entries(value)) {
    const single: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    single[key] = field;
    result.push(single);
  }
  return result;
}
