/** Clients that submit workflows and follow them, on several servers, while Redis is disturbed; and what must be true afterwards. */

import { expect } from "vitest";
import { FanwireError } from "../../src/errors.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { expansion, group, retry, task, workflow } from "../support/builders.js";
import { expectWholeLog } from "../faults/checks.js";
import { CALLER, eventsOf } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

/** Needs the handler `slow`. */
const mixed: WorkflowDefinition = workflow([group("g", [
  task("a", { handler: "slow", input: { value: "{{ n }}", ms: 20 } }),
  task("b", { handler: "slow", input: { value: "{{ a }}", ms: 20 } }),
  task("pause", { handler: "delay", input: { duration: "50ms" }, after: ["a"] }),
  task("again", { handler: "fail", input: { untilAttempt: 2, result: "ok" }, retry: retry({ maxAttempts: 5, initialDelayMs: 50, jitter: false }) }),
  task("each", { handler: "slow", input: { value: "{{ x }}", ms: 15 }, expansion: expansion({ array: { x: "[1..12]" }, maxParallel: 6 }) }),
  task("last", { handler: "transform", input: { expression: "a + b", data: { a: "{{ a }}", b: "{{ b }}" } }, after: ["pause", "again", "each"] }),
])]);

export class Load {
  /** Ids of submissions that were accepted, by number. */
  readonly accepted = new Map<number, string>();
  /** What followers saw, by workflow, of those that have ended. */
  readonly seen = new Map<string, WorkflowEvent[]>();
  /** Workflows whose followers were told that the store has lost what they saw; by the code of the error. */
  readonly lost = new Map<string, string>();
  readonly #stopping = new AbortController();
  readonly #following: Promise<unknown>[] = [];
  readonly #clients: Promise<unknown>;

  /** @param mayLose whether what was accepted may be lost, as long as its followers are told */
  constructor(private readonly nodes: readonly FanwireNode[], clients = 6, private readonly mayLose = false) {
    this.#clients = Promise.all(Array.from({ length: clients }, (_, client) => this.#run(client, clients)));
    // Whoever waits for more hears of a client that fails, and stop does.
    this.#clients.catch(() => undefined);
  }

  /** Lets so many more workflows run to their ends. */
  async more(count: number): Promise<void> {
    const before = this.seen.size;
    await Promise.race([waitFor(() => this.seen.size >= before + count, { what: `${count} more workflows to end`, timeoutMs: 25_000 }), this.#clients]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#clients;
    await Promise.all(this.#following);
  }

  /** Everything that was accepted is there once and has ended as it should, and nobody saw an event that is not in the log. */
  async expectAllThere(): Promise<void> {
    const reader = this.nodes[0] as FanwireNode;
    await this.expectNothingMixed();
    expect(this.seen.size).toBe(this.accepted.size);
    for (const [n, id] of this.accepted) expect(await this.#submit(n)).toBe(id);
    expect((await reader.engine.workflows(CALLER, {}, { first: 1 })).totalCount).toBe(this.accepted.size);
  }

  /** What ended before its followers' eyes has ended as it should, and they saw the log that is there. */
  async expectNothingMixed(): Promise<void> {
    const reader = this.nodes[0] as FanwireNode;
    expect(this.seen.size + this.lost.size).toBe(this.accepted.size);
    await Promise.all([...this.accepted].filter(([, id]) => !this.lost.has(id)).map(async ([n, id]) => {
      const events = this.seen.get(id) as WorkflowEvent[];
      expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
      expectWholeLog(events);
      expect(await eventsOf(reader, id)).toEqual(events);
      expect(await reader.engine.context(id)).toEqual({ n, a: n, b: n, pause: null, again: "ok", each: Array.from({ length: 12 }, (_, i) => i + 1), last: 2 * n });
    }));
  }

  async #run(client: number, clients: number): Promise<void> {
    for (let n = client; !this.#stopping.signal.aborted; n += clients) {
      const id = await this.#submit(n);
      this.accepted.set(n, id);
      const followed = eventsOf(this.#node(n + 1), id).then((events) => this.seen.set(id, events), (error: unknown) => {
        if (!this.mayLose || !(error instanceof FanwireError)) throw error;
        this.lost.set(id, error.code);
      });
      this.#following.push(followed);
      await followed;
    }
  }

  /** Until it is accepted, always with the same key, as a client does that got no answer. */
  #submit(n: number): Promise<string> {
    return waitFor(async () => {
      const { workflowId, problems } = await this.#node(n).engine.submitWorkflow(CALLER, { definition: mixed, context: { n }, idempotencyKey: `key-${n}` });
      expect(problems).toEqual([]);
      return workflowId;
    }, { what: `submission ${n} to be accepted`, timeoutMs: 30_000 });
  }

  #node(n: number): FanwireNode {
    return this.nodes[n % this.nodes.length] as FanwireNode;
  }
}
