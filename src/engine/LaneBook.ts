/**
 * The lanes with a priority that this process knows of, shard by shard. Workers look into the lanes of priority 0 anyway; of
 * the others they learn by the doorbell, by what is submitted here, and, should a ring be lost, by asking from time to time.
 */

import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import { byPriority, hasPriority, laneName, readLaneName, type LaneParts } from "./lanes.js";

/** How long a lost ring can hide a lane. */
const REFRESH_MS = 2_000;
/** A lane that has held nothing for so long is forgotten; the next unit in it is announced again. */
const KEPT_MS = 60_000;
/** Lanes with a priority that one claim looks into; with more that hold something, those of the highest priority. */
const MOST_SERVED = 256;

interface Known extends LaneParts { name: string; filledMs: number }

export interface LaneBookServices {
  shards: number;
  /** Names of the lanes with a priority that hold something. */
  filledLanes(shard: number): Promise<string[]>;
  log: { warn(obj: object, message: string): void };
}

export class LaneBook {
  readonly #known: Map<string, Known>[];
  readonly #listeners = new Set<(shard: number) => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly services: LaneBookServices) {
    this.#known = Array.from({ length: services.shards }, () => new Map());
  }

  start(): void {
    this.#turn = this.#refresh().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.start(), REFRESH_MS);
      this.#timer.unref();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
  }

  /** Called with the shard when lanes became known. */
  onLearnt(listener: (shard: number) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  /** These lanes hold something, or are about to; those of priority 0 are not noted. */
  learn(shard: number, names: readonly string[]): void {
    const known = this.#known[shard] as Map<string, Known>;
    let isNew = false;
    for (const name of names) {
      const before = known.get(name);
      if (before) before.filledMs = Date.now();
      else {
        const parts = readLaneName(name);
        if (!parts || !hasPriority(parts)) continue;
        known.set(name, { ...parts, name, filledMs: Date.now() });
        isNew = true;
      }
    }
    if (isNew) for (const listener of this.#listeners) listener(shard);
  }

  /**
   * The lanes of these bases and queues in the order in which to serve them: by priority, and within one in the order given.
   * @param bases handlers' names, and lanes of the plan, which are the same in every queue
   */
  serve(shard: number, bases: readonly string[], queues: readonly string[]): readonly string[] {
    const plain = queues.length === 1 && queues[0] === DEFAULT_QUEUE ? bases : plainLanes(bases, queues);
    const known = this.#known[shard] as Map<string, Known>;
    if (known.size === 0) return plain;
    const order = new Map(bases.map((base, i) => [base, i]));
    const mine = [...known.values()].filter(({ base, queue }) => order.has(base) && (base.startsWith("$") || queues.includes(queue)));
    const served = mine.length <= MOST_SERVED ? mine : mostUrgent(mine);
    served.sort((a, b) => byPriority(a, b) || (order.get(a.base) as number) - (order.get(b.base) as number));
    const isAbove = (parts: LaneParts): boolean => parts.workflowPriority > 0 || (parts.workflowPriority === 0 && parts.taskPriority > 0);
    return [...served.filter(isAbove).map(({ name }) => name), ...plain, ...served.filter((parts) => !isAbove(parts)).map(({ name }) => name)];
  }

  async #refresh(): Promise<void> {
    try {
      for (let shard = 0; shard < this.services.shards && !this.#stopped; shard++) {
        this.learn(shard, await this.services.filledLanes(shard));
        const known = this.#known[shard] as Map<string, Known>;
        for (const [name, { filledMs }] of known) if (Date.now() - filledMs > KEPT_MS) known.delete(name);
      }
    } catch (error) {
      if (!this.#stopped) this.services.log.warn({ err: error }, "lanes with priorities could not be looked up; trying again");
    }
  }
}

function plainLanes(bases: readonly string[], queues: readonly string[]): string[] {
  return bases.flatMap((base) => (base.startsWith("$") ? [base] : queues.map((queue) => laneName(base, queue))));
}

/** Those that held something when they were last looked up come before the others, so that empty lanes never hide full ones. */
function mostUrgent(lanes: readonly Known[]): Known[] {
  const isFilled = ({ filledMs }: Known): boolean => Date.now() - filledMs < REFRESH_MS * 2;
  return [...lanes].sort((a, b) => Number(isFilled(b)) - Number(isFilled(a)) || byPriority(a, b)).slice(0, MOST_SERVED);
}
