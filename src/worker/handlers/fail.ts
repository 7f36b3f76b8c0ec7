/** The handler `fail`: fails as it is told, to try out what a workflow does about failures. */

import { FanwireError } from "../../errors.js";
import type { Handler, HandlerContext } from "../../engine/handlers.js";
import type { JsonValue } from "../../workflow/json.js";
import { invalidInput, optional, readBoolean, readFields, readInteger, readString } from "./input.js";

const FIELDS = ["code", "message", "retryable", "untilAttempt", "result"] as const;
const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const MOST_ATTEMPTS = 1_000_000;

export const failHandler: Handler = {
  name: "fail",
  description: "Fails with a code and a message; with untilAttempt it succeeds with `result` from that attempt on.",
  builtIn: true,
  light: true,
  pure: true,
  inputSchema: {
    type: "object",
    properties: {
      code: { type: "string", pattern: CODE.source, default: "FAILED" },
      message: { type: "string", default: "Failed as asked." },
      retryable: { type: "boolean", default: true },
      untilAttempt: { type: "integer", minimum: 1, maximum: MOST_ATTEMPTS, description: "The first attempt that succeeds. Absent: none does." },
      result: { description: "What it succeeds with." },
    },
    additionalProperties: false,
  },
  outputSchema: { description: "`result`." },
  run: runFail,
};

function runFail({ input, attempt }: HandlerContext): JsonValue {
  const fields = readFields(input ?? {}, FIELDS);
  const code = optional(fields, "code", readCode) ?? "FAILED";
  const message = optional(fields, "message", readString) ?? "Failed as asked.";
  const retryable = optional(fields, "retryable", readBoolean) ?? true;
  const untilAttempt = optional(fields, "untilAttempt", (value, field) => readInteger(value, field, 1, MOST_ATTEMPTS));
  if (untilAttempt !== null && attempt >= untilAttempt) return fields["result"] ?? null;
  throw new FanwireError(code, message, { retryable });
}

function readCode(value: JsonValue, field: string): string {
  if (typeof value !== "string" || !CODE.test(value)) {
    throw invalidInput(field, "must be letters, digits and '_', starting with a letter, at most 64 characters");
  }
  return value;
}
