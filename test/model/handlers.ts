/** The handlers of the model's workflows: the built-in ones, and one that fails, waits a turn and answers as its input says. */

import type { Handler } from "../../src/engine/handlers.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { echoesHandler } from "./batches.js";
import { builtInHandlers } from "../../src/worker/handlers/builtIn.js";

/** input: {value, failures: attempts that throw, turns: of the event loop that it takes} */
export const echoHandler: Handler = {
  name: "echo",
  description: "Answers `value`, after so many failed attempts, each taking so many turns of the event loop.",
  builtIn: false,
  pure: true,
  run({ input, attempt }) {
    const { value = null, failures = 0, turns = 0 } = input as JsonObject;
    const answer = (): typeof value => {
      if (attempt <= Number(failures)) throw new Error("not yet");
      return value;
    };
    return Number(turns) === 0 ? answer() : turnsLater(Number(turns)).then(answer);
  },
};

async function turnsLater(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Besides the default queue; the workers of the model serve both. */
export const SIDE_QUEUE = "side";

/** The one secret that they have, as a configuration takes it. */
export const SECRETS = (): ReadonlyMap<string, string> => new Map([["API_KEY", "sk-8f1c/T+u 7"]]);

export const MODEL_HANDLERS: ReadonlyMap<string, Handler> = new Map(
  [...builtInHandlers({ httpAllowPrivate: false }), echoHandler, echoesHandler].map((handler) => [handler.name, handler]),
);
