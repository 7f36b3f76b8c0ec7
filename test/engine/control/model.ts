/** The small workflow of the control model, and what every verb makes of it, worked out without Redis. */

import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import { isTaskEnded, isWorkflowEnded, type TaskStatus, type WorkflowStatus } from "../../../src/workflow/status.js";
import { oneGroup, task } from "../../support/builders.js";

export const TASKS = ["a", "ask", "reads", "last"] as const;
export type TaskName = (typeof TASKS)[number];
/** Their ends are the test's to say; `ask` waits for signalTask. */
export const GATED: readonly TaskName[] = ["a", "reads", "last"];

export const definition: WorkflowDefinition = {
  ...oneGroup(
    task("a", { handler: "gate", input: 1 }),
    task("ask", { handler: "signal", after: ["a"] }),
    task("reads", { handler: "gate", input: "{{ key }}" }),
    task("last", { handler: "gate", input: "{{ a }}", after: ["ask", "reads"] }),
  ),
  externalKeys: ["key"],
};

const WAITS_FOR: Readonly<Record<TaskName, readonly TaskName[]>> = { a: [], ask: ["a"], reads: [], last: ["a", "ask", "reads"] };

/** One workflow, as it is when everything that could go on has. */
export class ModelWorkflow {
  status: WorkflowStatus | "GONE" = "RUNNING";
  readonly tasks: Record<TaskName, TaskStatus> = { a: "RUNNING", ask: "PENDING", reads: "PENDING", last: "PENDING" };
  provided = false;

  get ended(): boolean {
    return this.status !== "GONE" && isWorkflowEnded(this.status);
  }

  /** The code of the problem with which a verb over an open workflow is refused. */
  refusal(): string | undefined {
    return this.status === "GONE" ? "NOT_FOUND" : this.ended ? "ALREADY_ENDED" : undefined;
  }

  pause(): string | undefined {
    const refused = this.refusal();
    if (refused === undefined) this.status = "PAUSED";
    return refused;
  }

  resume(): string | undefined {
    const refused = this.refusal();
    if (refused !== undefined) return refused;
    this.status = "RUNNING";
    this.#settle();
    return undefined;
  }

  cancel(): string | undefined {
    const refused = this.refusal();
    if (refused !== undefined) return refused;
    for (const name of TASKS) if (!isTaskEnded(this.tasks[name])) this.tasks[name] = "CANCELLED";
    this.status = "CANCELLED";
    return undefined;
  }

  provide(): string | undefined {
    const refused = this.refusal() ?? (this.provided ? "ALREADY_PROVIDED" : undefined);
    if (refused !== undefined) return refused;
    this.provided = true;
    this.#settle();
    return undefined;
  }

  signal(approves: boolean): string | undefined {
    const refused = this.refusal() ?? (this.tasks.ask === "WAITING" ? undefined : "NOT_WAITING");
    if (refused === undefined) this.end("ask", approves);
    return refused;
  }

  end(name: TaskName, well: boolean): void {
    this.tasks[name] = well ? "COMPLETED" : "FAILED";
    this.#settle();
  }

  /** What did not complete begins again: of this workflow everything that was skipped was so because of something that failed. */
  retry(): string | undefined {
    if (this.status === "GONE") return "NOT_FOUND";
    if (!this.ended) return "NOT_ENDED";
    if (this.status === "COMPLETED") return "NOTHING_TO_RETRY";
    for (const name of TASKS) if (this.tasks[name] !== "COMPLETED") this.tasks[name] = "PENDING";
    this.status = "RUNNING";
    this.#settle();
    return undefined;
  }

  remove(): string | undefined {
    if (this.status === "GONE") return "NOT_FOUND";
    if (!this.ended) return "NOT_ENDED";
    this.status = "GONE";
    return undefined;
  }

  #settle(): void {
    for (const name of TASKS) {
      if (this.tasks[name] === "PENDING") this.tasks[name] = this.#afterPending(name);
      if (this.tasks[name] === "READY" && this.status !== "PAUSED") this.tasks[name] = name === "ask" ? "WAITING" : "RUNNING";
    }
    const ends = TASKS.map((name) => this.tasks[name]);
    if (ends.every(isTaskEnded)) this.status = ends.includes("FAILED") ? "FAILED" : "COMPLETED";
  }

  #afterPending(name: TaskName): TaskStatus {
    const before = WAITS_FOR[name].map((other) => this.tasks[other]);
    if (before.some((status) => status === "FAILED" || status === "SKIPPED")) return "SKIPPED";
    return before.every((status) => status === "COMPLETED") && (name !== "reads" || this.provided) ? "READY" : "PENDING";
  }
}
