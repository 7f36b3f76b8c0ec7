/** Batches in the model: a handler that takes lists, whose items come out the same in whatever company; the reference runs each alone. */

import type { Handler } from "../../src/engine/handlers.js";
import { FanwireError } from "../../src/errors.js";
import { isObject, type JsonObject, type JsonValue } from "../../src/workflow/json.js";

/** input: a list of what `echo` takes. One that fails says so in its slot; one that never should be tried again, finally. */
export const echoesHandler: Handler = {
  name: "echoes",
  description: "Answers the `value` of each, after so many failed attempts of each, in so many turns as the slowest takes.",
  builtIn: false,
  async run({ input, attempt }) {
    const inputs = input as JsonObject[];
    const turns = Math.max(0, ...inputs.map((one) => Number(one.turns ?? 0)));
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return inputs.map(({ value = null, failures = 0 }): JsonValue => (attempt <= Number(failures) ? { $error: { code: "BAD", message: "not yet" } } : value));
  },
};

/** @throws FanwireError what the slot says */
export async function asBatchOfOne(call: (input: JsonValue) => Promise<JsonValue>, input: JsonValue): Promise<JsonValue> {
  const [slot = null] = (await call([input])) as JsonValue[];
  if (!isObject(slot) || !isObject(slot.$error) || Object.keys(slot).length !== 1) return slot;
  throw new FanwireError(String(slot.$error.code), String(slot.$error.message ?? "An item of the batch failed"), { retryable: true });
}
