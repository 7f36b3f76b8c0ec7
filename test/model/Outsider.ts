/** Plays everybody outside of a workflow while it runs: gives it its external keys, and answers the tasks that wait for it. */

import { expect } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { Problem } from "../../src/errors.js";
import type { TaskEvent, WorkflowEvent } from "../../src/workflow/events.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { isWorkflowEnded } from "../../src/workflow/status.js";
import { CALLER } from "../support/testNode.js";
import { answerOf } from "./answers.js";
import type { Case } from "./cases.js";
import type { Outside } from "./outside.js";

const NOBODY: Outside = { provided: [], answers: {} };
/** How often it looks whether nothing happens any more. */
const IDLE_MS = 10;

export class Outsider {
  /** Keys that it has given. */
  readonly given = new Set<string>();
  readonly #outside: Outside;
  readonly #values: Map<string, { value: JsonValue; afterEvents: number }>;
  /** Identifiers of items, by task and position. */
  readonly #items = new Map<string, string>();
  #seq = 0;

  /** @param exporterId of the workflow that may export keys */
  constructor(private readonly node: FanwireNode, private readonly id: string, { outside = NOBODY, context }: Case, private readonly exporterId?: string) {
    this.#outside = outside;
    this.#values = new Map(outside.provided.map(({ key, value, afterEvents }) => [key, { value, afterEvents }]));
    for (const key of outside.exporter?.keys ?? []) this.#values.set(key, { value: context[key] as JsonValue, afterEvents: Number.POSITIVE_INFINITY });
  }

  /** Until the workflow ends; again when it is retried. @throws what a client would have to be told */
  async follow(): Promise<void> {
    if (this.#outside === NOBODY) return;
    const events = this.node.events.subscribe(this.id);
    let failure: Error | undefined;
    const looks = setInterval(() => {
      this.#giveWhenIdle().catch((error: Error) => {
        failure = error;
        void events.return?.();
      });
    }, IDLE_MS);
    try {
      for await (const event of events) await this.#see(event);
    } finally {
      clearInterval(looks);
    }
    if (failure) throw failure;
  }

  async #see(event: WorkflowEvent): Promise<void> {
    const { seq } = event;
    if (event.kind === "task" && event.itemIndex !== undefined && event.item !== undefined) this.#items.set(`${event.task} ${event.itemIndex}`, event.item);
    // What it has seen before the workflow was retried.
    if (seq <= this.#seq) return;
    this.#seq = seq;
    await this.#give([...this.#values].filter(([, { afterEvents }]) => afterEvents <= seq).map(([key]) => key));
    if (event.type === "TASK_WAITING") await this.#answer(event as TaskEvent);
  }

  async #answer({ task, node, itemIndex }: TaskEvent): Promise<void> {
    const plan = (await this.node.engine.workflow(CALLER, this.id))?.plan;
    const unit = itemIndex === undefined ? task : `${task}[${this.#items.get(`${task} ${itemIndex}`)}]`;
    const address = plan?.nodes[node]?.address ?? "";
    const answer = answerOf(this.#outside.answers, address, unit);
    // Of what begins anew once the workflow is retried there are no items and no instances until it is its turn.
    const mayBeGone = unit !== address;
    if (answer) this.#isDone(await this.node.engine.signalTask(CALLER, { workflowId: this.id, task: unit, ...answer }), ["NOT_WAITING", ...(mayBeGone ? ["UNKNOWN_TASK"] : [])]);
  }

  /** Without its external keys a workflow may come to a halt; what its session gives has to be waited for. */
  async #giveWhenIdle(): Promise<void> {
    if (this.#values.size === 0) return;
    const [workflow, exporter] = await Promise.all([this.node.engine.workflow(CALLER, this.id), this.exporterId === undefined ? null : this.node.engine.workflow(CALLER, this.exporterId)]);
    if (!workflow || isWorkflowEnded(workflow.status)) return;
    const { ready, running, waiting } = workflow.counts;
    if (ready + running + waiting > 0 || workflow.status === "PAUSED") return;
    const isMissing = exporter !== null && exporter.status !== "COMPLETED" && isWorkflowEnded(exporter.status);
    const keys = [...this.#values.keys()].filter((key) => isMissing || !this.#outside.exporter?.keys.includes(key));
    await this.#give(keys.slice(0, 1));
  }

  async #give(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const one = this.#values.get(key);
      if (!one) continue;
      this.#values.delete(key);
      const isGiven = this.#isDone(await this.node.engine.provideContext(CALLER, this.id, { [key]: one.value }), []);
      if (isGiven) this.given.add(key);
      else this.#values.set(key, one);
    }
  }

  /** The workflow may have ended meanwhile, or have been retried since. */
  #isDone({ problems }: { problems: readonly Problem[] }, may: readonly string[]): boolean {
    for (const { code } of problems) expect(["ALREADY_ENDED", ...may]).toContain(code);
    return problems.length === 0;
  }
}
