/** A handler whose calls end when and how the test says. */

import { FanwireError } from "../../../src/errors.js";
import type { Handler } from "../../../src/engine/handlers.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { waitFor } from "../../support/waitFor.js";

interface Call { input: JsonValue; resolve(value: JsonValue): void; reject(error: Error): void }

export class Gates {
  /** By workflow and task, the newest call of each. */
  readonly #calls = new Map<string, Call>();

  readonly handler: Handler = {
    name: "gate", description: "Ends when the test says so.", builtIn: false,
    run: ({ workflowId, task, input, signal }) => new Promise<JsonValue>((resolve, reject) => {
      const key = `${workflowId} ${task}`;
      const call: Call = { input, resolve, reject };
      this.#calls.set(key, call);
      signal.addEventListener("abort", () => {
        if (this.#calls.get(key) === call) this.#calls.delete(key);
        reject(new Error("the call was aborted"));
      });
    }),
  };

  /** A task runs. */
  async ready(workflowId: string, task: string): Promise<void> {
    await waitFor(() => this.#calls.has(`${workflowId} ${task}`), { what: `a call of ${task}`, intervalMs: 1 });
  }

  /** Ends the call of a task that runs, or is about to: with its input as the result, or with a failure that is final. */
  async end(workflowId: string, task: string, well: boolean): Promise<void> {
    const key = `${workflowId} ${task}`;
    const call = await waitFor(() => this.#calls.get(key), { what: `a call of ${key}`, intervalMs: 1 });
    this.#calls.delete(key);
    if (well) call.resolve(call.input);
    else call.reject(new FanwireError("BAD", "the test says so", { retryable: false }));
  }
}
