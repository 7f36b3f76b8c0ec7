/** The handler `delay`: a durable timer of the engine; the worker is free while it runs. */

import { CompleteLater } from "../../engine/handlers.js";
import type { Handler } from "../../engine/handlers.js";
import { MAX_DURATION_MS } from "../../workflow/duration.js";
import { DURATION_SCHEMA, readDurationMs } from "./duration.js";
import { readFields } from "./input.js";

export const delayHandler: Handler = {
  name: "delay",
  description: "Completes after a duration, on a durable timer; no worker is held meanwhile.",
  builtIn: true,
  inputSchema: {
    type: "object",
    properties: { duration: DURATION_SCHEMA },
    required: ["duration"],
    additionalProperties: false,
  },
  outputSchema: { type: "null" },
  run({ input }) {
    const { duration } = readFields(input, ["duration"]);
    return new CompleteLater(readDurationMs(duration, "duration", MAX_DURATION_MS), null);
  },
};
