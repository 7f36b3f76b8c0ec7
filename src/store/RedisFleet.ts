/** The fleet over Redis: notes of live workers, how many claims the remote ones hold, and the state of the queues. */

import { clockOf, type Redis } from "./connect.js";
import type { Fleet, QueueState, Served, WorkerDirectory, WorkerNote, WorkerState } from "../engine/Fleet.js";
import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import type { Keys, ShardKeys } from "./keys.js";
import { queueStates } from "./queueStates.js";
import { readRecord } from "./records.js";
import type { Scripts } from "./scripts.js";

/** How long an answer about who serves what is good enough. */
const SERVED_FOR_MS = 1_000;
/** Of one worker and shard; more are not counted. */
const CLAIMS_COUNTED = 1_000;
const LANES_LOOKED_AT = 1_000;
const ENTRIES_LOOKED_AT = 10;

interface Noted { id: string; lastSeenMs: number; note: WorkerNote }

/** Processes of earlier versions, which know of one queue, do not say. */
function queuesOf({ queues }: Partial<WorkerNote>): string[] {
  return queues ?? [DEFAULT_QUEUE];
}

export class RedisFleet implements Fleet, WorkerDirectory {
  #served: { value: Promise<Served>; untilMs: number } | undefined;

  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly scripts: Scripts) {}

  async register(worker: string, note: WorkerNote, forMs: number): Promise<void> {
    await this.#note(worker, JSON.stringify(note), forMs);
  }

  async remove(worker: string): Promise<void> {
    await this.#note(worker, "", 0);
  }

  served(): Promise<Served> {
    if (this.#served && Date.now() < this.#served.untilMs) return this.#served.value;
    const value = this.#readServed();
    this.#served = { value, untilMs: Date.now() + SERVED_FOR_MS };
    // A failed read is not kept.
    value.catch(() => { this.#served = undefined; });
    return value;
  }

  async workers(): Promise<WorkerState[]> {
    const noted = await this.#noted();
    return Promise.all(noted.map(async ({ id, lastSeenMs, note }) => {
      const running = note.remote ? await this.#claimsOf(id) : note.running;
      return { id, handlers: note.handlers, queues: queuesOf(note), running, capacity: Math.max(note.capacity, running), lastSeenMs };
    }));
  }

  async queues(): Promise<QueueState[]> {
    const { queues } = await this.served();
    return queueStates(await this.#loads(), queues);
  }

  async queuesByShard(): Promise<QueueState[][]> {
    return (await this.#loads()).map((load) => queueStates([load], new Set()));
  }

  #loads(): Promise<string[][]> {
    return Promise.all(this.shards.all().map((keys) =>
      this.scripts.call<string[]>("queueState", [keys.load, keys.lanes], [keys.prefix, LANES_LOOKED_AT, ENTRIES_LOOKED_AT])));
  }

  get #home(): Keys {
    return this.shards.of(0);
  }

  async #note(worker: string, text: string, forMs: number): Promise<void> {
    await this.scripts.call("registerWorker", [this.#home.workers, this.#home.workersAlive], [worker, text, forMs]);
    this.#served = undefined;
  }

  async #noted(): Promise<Noted[]> {
    const [seconds] = await clockOf(this.redis, this.#home.workersAlive);
    const ids = (await this.redis.zrangebyscore(this.#home.workersAlive, seconds * 1_000, "+inf")).sort();
    if (ids.length === 0) return [];
    const texts = await this.redis.hmget(this.#home.workers, ...ids);
    return ids.flatMap((id, i) => {
      const text = texts[i];
      if (!text) return [];
      const space = text.indexOf(" ");
      return [{ id, lastSeenMs: Number(text.slice(0, space)), note: JSON.parse(text.slice(space + 1)) as WorkerNote }];
    });
  }

  async #readServed(): Promise<Served> {
    const noted = await this.#noted();
    const byQueue = new Map<string, Set<string>>();
    for (const { note } of noted) {
      for (const queue of queuesOf(note)) byQueue.set(queue, new Set([...(byQueue.get(queue) ?? []), ...note.handlers]));
    }
    return {
      handlers: new Set(noted.flatMap(({ note }) => note.handlers)),
      serves: (handler, queue) => byQueue.get(queue)?.has(handler) ?? false,
      expanders: new Set(noted.flatMap(({ note }) => note.expanders ?? [])),
      queues: new Set(byQueue.keys()),
      plans: noted.some(({ note }) => note.plans),
    };
  }

  async #claimsOf(worker: string): Promise<number> {
    const counts = await Promise.all(this.shards.all().map((keys) => this.#claimsIn(keys, worker)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Tokens whose unit still runs under them: of a workflow that was cancelled the lease outlives the unit. */
  async #claimsIn(keys: Keys, worker: string): Promise<number> {
    const tokens = await this.redis.srandmember(keys.claimsOf(worker), CLAIMS_COUNTED);
    if (tokens.length === 0) return 0;
    const leases = await this.redis.hmget(keys.leases, ...tokens);
    const running = await Promise.all(tokens.map(async (token, i) => {
      const unit = /^\S+\n(\S+) (\S+) (\S+)$/.exec(leases[i] ?? "");
      if (!unit) return false;
      const [, workflowId, node, name] = unit as unknown as [string, string, string, string];
      const record = await this.redis.hget(keys.workflow(workflowId), name === "-" ? node : `${node}:${name}`);
      return record !== null && record.startsWith("X ") && readRecord(record, 0).token === token;
    }));
    return running.filter(Boolean).length;
  }
}
