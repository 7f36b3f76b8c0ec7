/**
 * Serves handlers that are bound to topics (`kafka:<topic>`): claims their tasks like a worker elsewhere and produces each to
 * its topic. The claim outlives this process: who reads the topic answers with commands, and keeps the claim with
 * `heartbeatTasks`. A task that is silent for the length of its lease is produced again, with another claim.
 */

import type { ClaimedTask, WorkerProtocol } from "../../engine/WorkerProtocol.js";
import { FanwireError } from "../../errors.js";
import type { RedisBridge, WaitingLane } from "../../store/RedisBridge.js";
import { BridgeLoop } from "./BridgeLoop.js";
import type { BridgeLog, KafkaClient } from "./KafkaClient.js";
import { TOPIC_HANDLER_PREFIX, topicProblem, type BridgeTopics } from "./topics.js";

/** By this name the bridges of all servers claim, and those who read topics send their heartbeats. */
export const BRIDGE_WORKER = "kafka";

export interface TaskBridgeServices {
  bridge: Pick<RedisBridge, "waitingLanes">;
  workers: Pick<WorkerProtocol, "claimTasks" | "failTask">;
  /** Makes tasks ready again that did not come to their topic. */
  handBack(claims: readonly string[]): Promise<void>;
  client: Pick<KafkaClient, "send" | "ensureTopics" | "unreachableSinceMs">;
  topics: BridgeTopics;
  tenant: string;
  leaseMs: number;
  log: BridgeLog;
}

/** How long a lost doorbell can delay a task. */
const POLL_MS = 1_000;
const AT_ONCE = 100;
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 10_000;

export class TaskBridge {
  readonly #ensured = new Set<string>();
  readonly #loop: BridgeLoop;

  constructor(private readonly services: TaskBridgeServices) {
    this.#loop = new BridgeLoop({
      round: () => this.#round(),
      onError: (error) => services.log.warn({ err: error instanceof Error ? error.message : String(error) }, "tasks could not be produced to their topics; they wait"),
      firstBackoffMs: FIRST_BACKOFF_MS, lastBackoffMs: LAST_BACKOFF_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Units may be ready. */
  ring(): void {
    this.#loop.ring();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #round(): Promise<void> {
    const moved = await this.#produceWaiting();
    this.#loop.progressed();
    if (!moved) await this.#loop.sleep(POLL_MS);
  }

  /** Whether there may be more. @throws FanwireError when Kafka or Redis cannot take them now */
  async #produceWaiting(): Promise<boolean> {
    const { bridge, workers, client, tenant, leaseMs } = this.services;
    // What waits for brokers is better held by its lane than by a claim.
    if (client.unreachableSinceMs !== undefined) return false;
    const lanes = await bridge.waitingLanes(TOPIC_HANDLER_PREFIX);
    if (lanes.length === 0) return false;
    const of = (field: keyof WaitingLane): string[] => [...new Set(lanes.map((lane) => lane[field]))].slice(0, AT_ONCE);
    const handlers = of("handler");
    const { tasks } = await workers.claimTasks({ tenant }, {
      workerId: BRIDGE_WORKER, handlers, queues: of("queue").slice(0, Math.max(1, Math.floor(2_000 / handlers.length))), max: AT_ONCE, waitMs: 0, leaseMs,
    });
    if (tasks.length > 0) await this.#produce(tasks);
    return tasks.length > 0;
  }

  /** One that fails does not keep the others back. */
  async #produce(tasks: readonly ClaimedTask[]): Promise<void> {
    const byTopic = new Map<string, ClaimedTask[]>();
    for (const task of tasks) {
      const topic = task.handler.slice(TOPIC_HANDLER_PREFIX.length);
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), task]);
    }
    const ends = await Promise.allSettled([...byTopic].map(([topic, ofTopic]) => this.#produceTo(topic, ofTopic)));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #produceTo(topic: string, tasks: readonly ClaimedTask[]): Promise<void> {
    const wrong = topicProblem(topic, this.services.topics);
    if (wrong !== undefined) return this.#failAll(tasks, "INPUT_INVALID", `${topic} ${wrong}`);
    try {
      if (!this.#ensured.has(topic)) await this.services.client.ensureTopics([topic]);
      this.#ensured.add(topic);
      await this.services.client.send([{ topic, messages: tasks.map(messageOf) }]);
    } catch (error) {
      if (error instanceof FanwireError && error.code === "LIMIT_EXCEEDED") return this.#produceApart(topic, tasks);
      this.#ensured.delete(topic);
      await this.services.handBack(tasks.map(({ claim }) => claim));
      throw error;
    }
  }

  /** Together, or one of them alone, they are larger than Kafka takes. */
  async #produceApart(topic: string, tasks: readonly ClaimedTask[]): Promise<void> {
    if (tasks.length === 1) return this.#failAll(tasks, "LIMIT_EXCEEDED", `Kafka takes no message as large as this task's input on ${topic}`);
    for (const task of tasks) await this.#produceTo(topic, [task]);
  }

  async #failAll(tasks: readonly ClaimedTask[], code: string, message: string): Promise<void> {
    const { workers, tenant } = this.services;
    for (const { claim } of tasks) await workers.failTask({ tenant }, { claim, code, message, retryable: false });
  }
}

function messageOf({ claim, workflowId, task, attempt, idempotencyKey, handler, input, leaseUntilMs }: ClaimedTask): { key: string; value: string; headers: Record<string, string> } {
  const value = { claim, workflowId, task, attempt, idempotencyKey, input, handler, worker: BRIDGE_WORKER, leaseUntil: new Date(leaseUntilMs).toISOString() };
  return { key: workflowId, value: JSON.stringify(value), headers: { "content-type": "application/json" } };
}
