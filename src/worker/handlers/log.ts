/** The handler `log`: writes its input to the worker's log. */

import type { Handler } from "../../engine/handlers.js";

export const logHandler: Handler = {
  name: "log",
  description: "Writes its input to the worker's log: a string as the message, anything else as its data.",
  builtIn: true,
  light: true,
  inputSchema: { description: "Anything." },
  outputSchema: { type: "null" },
  run({ input, log }) {
    if (typeof input === "string") log(input);
    else log("Logged by a workflow", input);
    return null;
  },
};
