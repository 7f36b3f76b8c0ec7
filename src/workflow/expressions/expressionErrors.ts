/** Turns what JSONata throws into errors with a code, each naming the expression. */

import { FanwireError } from "../../errors.js";
import { nearMiss } from "../nearMiss.js";
import { FUNCTION_NAMES } from "./functionNames.js";
import { LimitReached } from "./limits.js";
import { NotJson } from "./plainJson.js";

const SHOWN_CHARS = 80;
const MESSAGE_CHARS = 300;

/** JSONata's codes for its own limits: stack, time, range, sequence. */
const LIMIT_CODES = ["D1011", "D1012", "D2014", "D2015"];

/** JSONata's codes for what is called and is no function. */
const NO_FUNCTION = ["T1005", "T1006"];

/** A problem of the source alone; `detail` says what and where. */
export function syntaxError(source: string, detail: string, cause?: unknown): FanwireError {
  return new FanwireError("EXPRESSION_SYNTAX", `The expression ${shown(source)} cannot be used: ${detail}`, { cause });
}

export function parseError(source: string, error: unknown): FanwireError {
  if (error instanceof FanwireError) return error;
  if (error instanceof RangeError) return syntaxError(source, "it is nested too deep", error);
  return syntaxError(source, detailOf(error), error);
}

/** EXPRESSION_LIMIT for what took too long, went too deep or made too much; EXPRESSION_ERROR for everything else. */
export function evaluationError(source: string, error: unknown): FanwireError {
  if (error instanceof FanwireError) return error;
  const limited = error instanceof LimitReached || error instanceof RangeError || LIMIT_CODES.includes(fieldsOf(error).code as string);
  if (limited) {
    return new FanwireError("EXPRESSION_LIMIT", `The expression ${shown(source)} was stopped: ${limitDetail(error)}`, { cause: error });
  }
  const detail = error instanceof NotJson ? error.message : detailOf(error);
  return new FanwireError("EXPRESSION_ERROR", `The expression ${shown(source)} failed: ${detail}`, { cause: error });
}

function limitDetail(error: unknown): string {
  return error instanceof RangeError ? "it went too deep or made something too large" : detailOf(error);
}

function detailOf(error: unknown): string {
  const { message, position, code, token } = fieldsOf(error);
  const text = typeof message === "string" && message !== "" ? message : "JSONata gives no reason";
  const place = typeof position === "number" ? ` (at character ${position})` : "";
  const meant = NO_FUNCTION.includes(code as string) && typeof token === "string" ? nearMiss(token, FUNCTION_NAMES) : undefined;
  return `${text.length > MESSAGE_CHARS ? `${text.slice(0, MESSAGE_CHARS)}...` : text}${place}${meant === undefined ? "" : `. Did you mean $${meant}?`}`;
}

function fieldsOf(error: unknown): { message?: unknown; position?: unknown; code?: unknown; token?: unknown } {
  return typeof error === "object" && error !== null ? error : {};
}

export function shown(source: string): string {
  return JSON.stringify(source.length > SHOWN_CHARS ? `${source.slice(0, SHOWN_CHARS)}...` : source);
}
