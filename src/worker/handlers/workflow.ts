/** The handler `workflow`: runs a registered definition as a workflow of its own; no worker is held meanwhile. */

import { StartChild } from "../../engine/children.js";
import type { Handler } from "../../engine/handlers.js";
import { optional, readFields, readInteger, readString } from "./input.js";

const MAX_VERSION = 2 ** 31 - 1;

export const workflowHandler: Handler = {
  name: "workflow",
  description: "Runs a registered definition as a sub-workflow, and results in its final context; no worker is held meanwhile.",
  builtIn: true,
  inputSchema: {
    type: "object",
    properties: {
      definitionName: { type: "string", description: "The name it is registered under." },
      version: { type: "integer", minimum: 1, description: "By default the latest." },
      context: { type: "object", description: "Its initial context; by default an empty one." },
    },
    required: ["definitionName"],
    additionalProperties: false,
  },
  outputSchema: { type: "object", description: "The sub-workflow's final context." },
  run({ input }) {
    const fields = readFields(input, ["definitionName", "version", "context"]);
    const version = optional(fields, "version", (value, field) => readInteger(value, field, 1, MAX_VERSION));
    return new StartChild(readString(fields["definitionName"], "definitionName"), version ?? undefined, fields["context"] ?? undefined);
  },
};
