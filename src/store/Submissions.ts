/** Brings submissions into their shard: one at once, and those that come while it is on its way together in the next call. */

import type { SubmitCommand, SubmitReply } from "../engine/ports.js";
import { FanwireError } from "../errors.js";
import type { Keys } from "./keys.js";
import type { Scripts } from "./scripts.js";
import { pushSubmission } from "./wire.js";

/** More per call buys nothing, and keeps Redis longer from others. */
const MOST_PER_CALL = 50;
/** Characters of contexts and definitions that go together; a longer one goes alone. */
const MOST_CHARACTERS = 256 * 1024;

interface Waiting {
  command: SubmitCommand;
  /** Empty: Redis should have it. */
  definitionText: string;
  resolve(reply: SubmitReply): void;
  reject(error: unknown): void;
}

export class Submissions {
  readonly #waiting: Waiting[] = [];
  /** Hashes of definitions that this process has stored in the shard and need not send again; Redis answers NEED_DEFINITION when it is wrong. */
  readonly #stored = new Set<string>();
  #sending = false;

  constructor(private readonly keys: Keys, private readonly scripts: Scripts) {}

  /** @throws FanwireError UNAVAILABLE */
  submit(command: SubmitCommand): Promise<SubmitReply> {
    const definitionText = this.#stored.has(command.plan.hash) ? "" : textOf(command);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, definitionText, resolve, reject });
      // Not later: a claim that is asked for right behind it finds it.
      if (!this.#sending) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0) await this.#sendTogether(this.#next());
    this.#sending = false;
  }

  #next(): Waiting[] {
    let count = 0;
    let characters = 0;
    while (count < Math.min(this.#waiting.length, MOST_PER_CALL) && (count === 0 || characters < MOST_CHARACTERS)) {
      characters += sizeOf(this.#waiting[count++] as Waiting);
    }
    if (count > 1 && characters > MOST_CHARACTERS) count--;
    return this.#waiting.splice(0, count);
  }

  async #sendTogether(batch: readonly Waiting[]): Promise<void> {
    const args: (string | number)[] = [this.keys.prefix];
    for (const { command, definitionText } of batch) pushSubmission(args, command, definitionText);
    try {
      const reply = await this.scripts.call<string[]>("submitWorkflow", [this.keys.timers], args);
      batch.forEach((one, i) => this.#answer(one, reply[i * 2] as string, reply[i * 2 + 1] as string));
    } catch (error) {
      const isUnavailable = error instanceof FanwireError && error.code === "UNAVAILABLE";
      // Those that wait would wait as long again.
      for (const one of isUnavailable ? [...batch, ...this.#waiting.splice(0)] : batch) one.reject(error);
    }
  }

  #answer(one: Waiting, code: string, id: string): void {
    if (code === "NEED_DEFINITION") {
      this.#waiting.unshift({ ...one, definitionText: textOf(one.command) });
      return;
    }
    if (code === "ERROR") {
      one.reject(new Error(`Redis did not take ${one.command.id}: ${id}`));
      return;
    }
    if (this.#stored.size > 10_000) this.#stored.clear();
    if (code === "OK") this.#stored.add(one.command.plan.hash);
    one.resolve({ code: code as SubmitReply["code"], id });
  }
}

function textOf({ plan }: SubmitCommand): string {
  return JSON.stringify(plan.definition);
}

function sizeOf({ command, definitionText }: Waiting): number {
  return command.context.reduce((size, text) => size + text.length, definitionText.length);
}
