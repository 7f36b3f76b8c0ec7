/** Looks for ready units that wait in no lane (lanes are only hints, and may be lost) and queues them again. */

import type { Plan } from "../workflow/plan.js";
import type { InstancePath } from "./nodeKey.js";
import type { Phase } from "./ports.js";
import { laneOf } from "./TaskGroup.js";

/** A unit whose record says READY. */
export interface ReadyUnit {
  workflowId: string;
  node: number;
  path?: InstancePath;
  unit: string;
  attempt: number;
  phase: Phase;
  /** What its workflow adds to the names of its lanes: in the flow that it is queued in, and in the one where it may stand. */
  marks: readonly [common: string, own: string];
}
export interface QueuedUnit extends ReadyUnit { lane: string }

export interface LaneRepair {
  /**
   * Some of the workflows that have not ended. Going on from `next` until it is undefined, everyone comes by at least once
   * that was there all the while.
   */
  openWorkflows(shard: number, position: string | undefined): Promise<{ ids: string[]; next?: string }>;
  /** Those that have been ready for at least `forMs`; empty for workflows that are plainly getting on. */
  readyUnits(workflowId: string, forMs: number): Promise<ReadyUnit[]>;
  /** Queues those that are in no lane; answers how many. One that is claimed meanwhile is queued for nothing: claims look at its record. */
  queueLost(shard: number, units: readonly QueuedUnit[]): Promise<number>;
}

export interface SweeperServices {
  repair: LaneRepair;
  planOf(workflowId: string): Promise<Plan | undefined>;
  log: { warn(obj: object, message: string): void };
}

const TURN_MS = 2_000;
/** A unit that is ready for less long is most likely about to be claimed. */
const READY_FOR_MS = 2_000;
/** Units looked up in their lanes per turn: what the search costs Redis is bounded by it. */
const UNITS_PER_TURN = 200;

export class Sweeper {
  #position: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly shard: number, private readonly services: SweeperServices) {}

  start(): void {
    // Apart from each other, so that the sweepers of many servers do not look at the same moment.
    this.#timer = setTimeout(() => {
      this.#turn = this.#sweep().finally(() => { if (!this.#stopped) this.start(); });
    }, TURN_MS * (0.5 + Math.random()));
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
  }

  async #sweep(): Promise<void> {
    const { repair, log } = this.services;
    try {
      const { ids, next } = await repair.openWorkflows(this.shard, this.#position);
      this.#position = next;
      const units: QueuedUnit[] = [];
      for (const id of ids) {
        if (this.#stopped || units.length >= UNITS_PER_TURN) break;
        units.push(...(await this.#unitsOf(id)));
      }
      const lost = this.#stopped ? 0 : await repair.queueLost(this.shard, units.slice(0, UNITS_PER_TURN));
      if (lost > 0) log.warn({ shard: this.shard, units: lost }, "ready units were in no lane; they are queued again");
    } catch (error) {
      if (!this.#stopped) log.warn({ err: error, shard: this.shard }, "lanes could not be looked over; trying again");
    }
  }

  async #unitsOf(workflowId: string): Promise<QueuedUnit[]> {
    const ready = await this.services.repair.readyUnits(workflowId, READY_FOR_MS);
    if (ready.length === 0) return [];
    const plan = await this.services.planOf(workflowId);
    return ready.flatMap((unit) => {
      const node = plan?.nodes[unit.node];
      return node ? [{ ...unit, lane: laneOf(node, unit.phase) }] : [];
    });
  }
}
