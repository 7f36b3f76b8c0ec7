/** Handlers of tests whose nodes run in this process, and the names of those that only worker processes have. */

import { setTimeout as delay } from "node:timers/promises";
import type { Handler } from "../../src/engine/handlers.js";
import type { JsonValue } from "../../src/workflow/json.js";

/** So that submissions may name the handlers of worker processes. */
export function elsewhere(...names: string[]): Handler[] {
  return names.map((name) => ({
    name, description: "Runs in another process.", builtIn: false,
    run: () => { throw new Error(`${name} must not run here`); },
  }));
}

/** Answers `value` after `ms`. */
export const slow: Handler = {
  name: "slow", description: "Answers its value after a while.", builtIn: false,
  async run({ input }) {
    const { value, ms } = input as { value: JsonValue; ms: number };
    await delay(ms);
    return value;
  },
};
