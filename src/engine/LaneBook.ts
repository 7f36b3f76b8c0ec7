/**
 * The lanes with a priority or a flow of their own that this process knows of, shard by shard. Workers look into the common lanes anyway; of
 * the others they learn by the doorbell, by what is submitted here, and, should a ring be lost, by asking from time to time.
 */

import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import { tenantOfFlow } from "./flows.js";
import { byPriority, isCommon, laneName, readLaneName, type LaneParts } from "./lanes.js";
import { shuffled } from "./shuffled.js";

/** How long a lost ring can hide a lane. */
const REFRESH_MS = 2_000;
/** A lane that has held nothing for so long is forgotten; the next unit in it is announced again. */
const KEPT_MS = 60_000;
/** Lanes of these that one claim looks into; with more that hold something, those of the highest priority, of equal ones any. */
const MOST_SERVED = 256;

interface Known extends LaneParts { name: string; filledMs: number }

export interface LaneBookServices {
  shards: number;
  /** Names of the lanes with a priority or a flow that hold something. */
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

  /** These lanes hold something, or are about to; common ones are not noted. */
  learn(shard: number, names: readonly string[]): void {
    const known = this.#known[shard] as Map<string, Known>;
    let isNew = false;
    for (const name of names) {
      const before = known.get(name);
      if (before) before.filledMs = Date.now();
      else {
        const parts = readLaneName(name);
        if (!parts || isCommon(parts)) continue;
        known.set(name, { ...parts, name, filledMs: Date.now() });
        isNew = true;
      }
    }
    if (isNew) for (const listener of this.#listeners) listener(shard);
  }

  /**
   * The lanes of these bases and queues in the order in which to serve them: by priority, within one the flows in any order
   * (the tenants, and of a tenant its workflows), and of a flow in the order given.
   * @param bases handlers' names, and lanes of the plan, which are the same in every queue
   */
  serve(shard: number, bases: readonly string[], queues: readonly string[]): readonly string[] {
    const plain = queues.length === 1 && queues[0] === DEFAULT_QUEUE ? bases : plainLanes(bases, queues);
    const known = this.#known[shard] as Map<string, Known>;
    if (known.size === 0) return plain;
    const order = new Map(bases.map((base, i) => [base, i]));
    const mine = [...known.values()].filter(({ base, queue }) => order.has(base) && (base.startsWith("$") || queues.includes(queue)));
    const served = mine.length <= MOST_SERVED ? mine : mostUrgent(mine);
    const common: Served[] = plain.map((name) => ({ name, workflowPriority: 0, taskPriority: 0, flow: "" }));
    served.sort((a, b) => (order.get(a.base) as number) - (order.get(b.base) as number));
    return levelsOf([...common, ...served]).flatMap((lanes) => flowsInAnyOrder(lanes)).map(({ name }) => name);
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

type Served = Pick<Known, "name" | "workflowPriority" | "taskPriority" | "flow">;

/** Those that held something when they were last looked up come before the others, so that empty lanes never hide full ones. */
function mostUrgent(lanes: readonly Known[]): Known[] {
  const isFilled = ({ filledMs }: Known): boolean => Date.now() - filledMs < REFRESH_MS * 2;
  return shuffled(lanes).sort((a, b) => Number(isFilled(b)) - Number(isFilled(a)) || byPriority(a, b)).slice(0, MOST_SERVED);
}

/** By priority, and of each in the order given. */
function levelsOf<T extends Served>(lanes: readonly T[]): T[][] {
  const levels = groupsOf(lanes, ({ workflowPriority, taskPriority }) => `${workflowPriority} ${taskPriority}`);
  return levels.sort(([a], [b]) => byPriority(a as T, b as T));
}

/** One flow of each tenant, then a second one of each: whoever comes first takes all that the claim has room for. */
function flowsInAnyOrder<T extends Served>(lanes: readonly T[]): T[] {
  const tenants = shuffled(groupsOf(lanes, ({ flow }) => tenantOfFlow(flow)).map((ofTenant) => shuffled(groupsOf(ofTenant, ({ flow }) => flow))));
  const most = Math.max(...tenants.map((flows) => flows.length));
  return Array.from({ length: most }, (_, i) => tenants.flatMap((flows) => flows[i] ?? [])).flat();
}

function groupsOf<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}
