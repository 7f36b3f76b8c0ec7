/** The handlers `signal` and `approval`: durable waits for signalTask; no worker is held meanwhile. */

import type { Handler } from "../../engine/handlers.js";
import { WaitForSignal, type SignalAnswer, type SignalOutcome } from "../../engine/signals.js";
import { MAX_DURATION_MS } from "../../workflow/duration.js";
import { isObject, type JsonObject, type JsonValue } from "../../workflow/json.js";
import { DURATION_SCHEMA, readDurationMs } from "./duration.js";
import { invalidInput, optional, readFields, readString } from "./input.js";

const OUTCOMES: readonly SignalOutcome[] = ["APPROVE", "REJECT"];

export const signalHandler: Handler = {
  name: "signal",
  description: "Waits until signalTask answers the task; the result is the answer's payload.",
  builtIn: true,
  light: true,
  inputSchema: {
    type: "object",
    properties: {
      timeout: { ...DURATION_SCHEMA, description: "How long it waits at most; without it there is no end." },
      default: { description: "The payload when time is up; without it the attempt fails with TIMEOUT then." },
    },
    additionalProperties: false,
  },
  outputSchema: { description: "The payload." },
  run({ input }) {
    const fields = readFields(input ?? {}, ["timeout", "default"]);
    // null is a payload like any other, so that what counts is whether the field is there.
    const payload = fields["default"];
    return new WaitForSignal({ kind: "SIGNAL", ...timeoutOf(fields), ...(payload === undefined ? {} : { byDefault: { outcome: "APPROVE", payload } }) });
  },
};

export const approvalHandler: Handler = {
  name: "approval",
  description: "Waits until signalTask approves or rejects the task; a rejection fails with REJECTED.",
  builtIn: true,
  light: true,
  inputSchema: {
    type: "object",
    properties: {
      timeout: { ...DURATION_SCHEMA, description: "How long it waits at most; without it there is no end." },
      default: { description: "What counts when time is up: APPROVE, REJECT, or {outcome, payload}; without it the attempt fails with TIMEOUT then." },
      prompt: { type: "string", description: "What is to be decided, for people; shown in waitingFor." },
    },
    additionalProperties: false,
  },
  outputSchema: {
    type: "object",
    properties: { outcome: { const: "APPROVE" }, payload: { description: "What came with the approval; null when nothing did." } },
    required: ["outcome", "payload"],
  },
  run({ input }) {
    const fields = readFields(input ?? {}, ["timeout", "default", "prompt"]);
    const byDefault = optional(fields, "default", readAnswer);
    const prompt = optional(fields, "prompt", readString);
    return new WaitForSignal({ kind: "APPROVAL", ...timeoutOf(fields), ...(byDefault === null ? {} : { byDefault }), ...(prompt === null ? {} : { prompt }) });
  },
};

function timeoutOf(fields: JsonObject): { timeoutMs?: number } {
  const timeoutMs = optional(fields, "timeout", (value, field) => readDurationMs(value, field, MAX_DURATION_MS));
  return timeoutMs === null ? {} : { timeoutMs };
}

function readAnswer(value: JsonValue, field: string): SignalAnswer {
  const { outcome, payload } = isObject(value) ? value : { outcome: value, payload: null };
  const known = OUTCOMES.find((name) => name === outcome);
  if (known === undefined) throw invalidInput(field, `must be ${OUTCOMES.join(" or ")}, or an object with such an outcome and a payload`);
  return { outcome: known, payload: payload ?? null };
}
