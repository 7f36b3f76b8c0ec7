/** The worker's loop: claims units within its capacity, runs them, keeps their leases, and stops without losing any. */

import type { HandlerRegistry } from "../engine/handlers.js";
import type { ExpanderRegistry } from "../engine/expanders.js";
import type { ChildStarter } from "../engine/ChildStarter.js";
import type { ContextReader } from "../engine/ContextReader.js";
import type { Claim, ClaimRequest, Outcome, OutcomeCode, RanOutcome, WorkflowReader, WorkflowStore } from "../engine/ports.js";
import type { Wake } from "../engine/Wake.js";
import type { SecretSource } from "../engine/secrets.js";
import { nodeKey } from "../engine/nodeKey.js";
import type { Settlement } from "../engine/Settlement.js";
import type { LaneBook } from "../engine/LaneBook.js";
import { readLaneName } from "../engine/lanes.js";
import { expanderLane, laneOf, PLAN_LANE } from "../engine/TaskGroup.js";
import { shuffled } from "../engine/shuffled.js";
import { LiveUnit } from "./LiveUnit.js";
import { ShardLoop } from "./ShardLoop.js";
import { UnitRunner } from "./UnitRunner.js";

export interface WorkerOptions {
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
  settlement: Settlement;
  handlers: HandlerRegistry;
  secrets: SecretSource;
  expanders: ExpanderRegistry;
  lanes: LaneBook;
  /** Queues whose tasks it runs; it finds items and collects outputs for all. */
  queues: readonly string[];
  children: ChildStarter;
  wake: Wake;
  /** Shown in events; letters, digits, _ and - only. */
  id: string;
  /** Handler calls that run at once. */
  concurrency: number;
  /** Whether it leaves all handlers to others, and only finds items and collects outputs. */
  plansOnly?: boolean;
  leaseMs: number;
  /** A unit that lost this many workers is POISON. */
  maxLosses: number;
  log: { info(obj: object, message: string): void; warn(obj: object, message: string): void; error(obj: object, message: string): void };
}

/** Doorbells may be lost; this often the worker looks by itself. */
const POLL_MS = 1_000;
/** A range of light items takes one place per so many of them. */
const LIGHT_ITEMS_PER_SLOT = 20;

export class Worker {
  readonly #loops: ShardLoop[];
  readonly #live = new Map<string, LiveUnit>();
  readonly #runner: UnitRunner;
  readonly #undo: (() => void)[] = [];
  readonly #planLanes: readonly string[];
  #taken = 0;
  #firstShard = 0;
  #offering = false;
  #stopping = false;
  /** It starts nothing more: what is claimed still goes back. */
  #isOver = false;
  readonly #handedBack: Promise<void>[] = [];
  #lastHeartbeatMs = Date.now();

  constructor(private readonly options: WorkerOptions) {
    this.#planLanes = [PLAN_LANE, ...options.expanders.ownNames().map(expanderLane)];
    this.#runner = new UnitRunner({ ...options, report: (...about) => this.#report(...about) });
    this.#loops = Array.from({ length: options.store.shards }, (_, shard) => new ShardLoop(shard, {
      store: options.store, worker: options.id, log: options.log,
      lanes: () => this.#lanes(shard),
      reserve: () => this.#reserve(shard),
      release: (room) => {
        this.#taken -= room;
        this.#offerRoom();
      },
      onClaims: (claims) => this.#begin(claims),
    }));
  }

  start(): void {
    const { wake, leaseMs, lanes } = this.options;
    this.#undo.push(
      lanes.onLearnt((shard) => this.#loops[shard]?.hint()),
      wake.onReady((shard) => this.#loops[shard]?.hint()),
      wake.onCancelled((workflowId) => this.#cancelled(workflowId)),
      wake.onRecalled((workflowId) => void this.#heartbeat((unit) => unit.claim.workflowId === workflowId)),
      every(POLL_MS, () => { for (const loop of this.#loops) loop.hint(); }),
      every(Math.max(50, leaseMs / 3), () => void this.#heartbeat()),
    );
    for (const loop of this.#loops) loop.hint();
  }

  /** Units of this shard may be ready, or are about to be. */
  hint(shard: number): void {
    this.#loops[shard]?.hint();
  }

  /** How many handler calls and waiting ranges it holds now. */
  get running(): number {
    return this.#live.size;
  }

  /** How many tasks and items it holds now. */
  get calls(): number {
    let calls = 0;
    for (const { claim } of this.#live.values()) calls += claim.phase === "ITEMS" ? claim.itemCount : 1;
    return calls;
  }

  /** Claims nothing more, lets units finish for `graceMs`, hands the rest back, and resolves when all is recorded. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const deadline = Date.now() + graceMs;
    // What was asked for before comes still, and is run.
    const isAtWork = (): boolean => this.#live.size > 0 || this.#loops.some((loop) => loop.isAsking);
    while (isAtWork() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#isOver = true;
    for (const unit of [...this.#live.values()]) await this.#handBack(unit);
    for (const undo of this.#undo.splice(0)) undo();
    do {
      await Promise.all(this.#loops.map((loop) => loop.drain()));
      await Promise.all(this.#handedBack.splice(0));
    } while (this.#loops.some((loop) => loop.isAsking || loop.holdsOutcomes));
    for (const loop of this.#loops) loop.stop();
  }

  async #handBack(unit: LiveUnit): Promise<void> {
    const plan = await this.options.reader.planOf(unit.claim.workflowId);
    const node = plan?.nodes[unit.claim.node];
    if (!node || !unit.holds) return;
    unit.lose("the worker stops");
    this.#end(unit);
    this.#loopOf(unit).push([{ kind: "requeue", ref: unit.ref, lane: laneOf(node, unit.claim.phase), lost: false }], () => undefined);
  }

  /** Handlers in any order, so that a busy one does not keep the others' units waiting. */
  #lanes(shard: number): ClaimRequest["lanes"] {
    const { handlers, lanes, queues, plansOnly } = this.options;
    const names = plansOnly ? this.#planLanes : [...this.#planLanes, ...handlers.names()];
    return lanes.serve(shard, shuffled(names), queues).map((handler) => ({
      handler, itemsPerSlot: this.#isLight(handler) ? LIGHT_ITEMS_PER_SLOT : 1,
    }));
  }

  #isLight(lane: string): boolean {
    if (lane.startsWith("$")) return false;
    const { handlers } = this.options;
    return (handlers.get(lane) ?? handlers.get(readLaneName(lane)?.base ?? lane))?.light ?? false;
  }

  #reserve(shard: number): number {
    if (this.#stopping) return 0;
    const free = Math.max(0, this.options.concurrency - this.#taken);
    const room = this.#loops.length === 1 ? free : this.#shareOf(shard, free);
    this.#taken += room;
    return room;
  }

  /**
   * Shards that want room at the same time get equal parts, and what cannot be divided goes round, so that a busy one does
   * not keep the others' units waiting.
   */
  #shareOf(shard: number, free: number): number {
    const count = this.#loops.length;
    const place = (at: number): number => (at - this.#firstShard + count) % count;
    let hungry = 1;
    let before = 0;
    for (const loop of this.#loops) {
      if (loop.shard === shard || !loop.hungry) continue;
      hungry++;
      if (place(loop.shard) < place(shard)) before++;
    }
    const share = Math.floor(free / hungry) + (before < free % hungry ? 1 : 0);
    if (share > 0) this.#firstShard = (shard + 1) % count;
    return share;
  }

  #begin(claims: Claim[]): number {
    let claimed = 0;
    for (const claim of claims) {
      const weight = this.#weightOf(claim);
      claimed += weight;
      // Claimed by its items like any range, a batch is one call when it runs.
      const unit = new LiveUnit(claim, this.#isBatch(claim) ? 1 : weight);
      this.#taken += unit.weight;
      this.#live.set(keyOf(claim), unit);
      if (this.#isOver) this.#handedBack.push(this.#handBack(unit));
      else void this.#runner.run(unit).finally(() => this.#end(unit));
    }
    return claimed;
  }

  #isBatch({ phase, definitionHash, node }: Claim): boolean {
    return phase === "ITEMS" && this.options.reader.cachedPlan(definitionHash)?.nodes[node]?.expansion?.batchSize !== undefined;
  }

  /** The places it takes: one, or one per item; of light items many share one. A plan not seen yet counts as not light. */
  #weightOf(claim: Claim): number {
    if (claim.phase !== "ITEMS") return 1;
    const handler = this.options.reader.cachedPlan(claim.definitionHash)?.nodes[claim.node]?.task.handler;
    const light = handler !== undefined && (this.options.handlers.get(handler)?.light ?? false);
    return light ? Math.max(1, Math.ceil(claim.itemCount / LIGHT_ITEMS_PER_SLOT)) : claim.itemCount;
  }

  /** What this unit took of the capacity is free again. */
  #end(unit: LiveUnit): void {
    if (!this.#live.delete(keyOf(unit.claim))) return;
    this.#taken -= unit.weight;
    if (this.#loops.length === 1) this.#loopOf(unit).schedule();
    else this.#offerRoom();
  }

  /** Room that one shard gave back may be what another waits for. */
  #offerRoom(): void {
    if (this.#loops.length === 1 || this.#offering) return;
    this.#offering = true;
    setImmediate(() => {
      this.#offering = false;
      for (const loop of this.#loops) if (loop.hungry) loop.schedule();
    });
  }

  #loopOf(unit: LiveUnit): ShardLoop {
    const { workflowId } = unit.claim;
    return this.#loops[Number(workflowId.slice(1, workflowId.indexOf("-")))] as ShardLoop;
  }

  #report(unit: LiveUnit, outcome: Outcome, onCodes?: (codes: readonly OutcomeCode[]) => void, ran: readonly RanOutcome[] = []): void {
    if (!unit.holds) return;
    this.#loopOf(unit).push([outcome, ...ran], (codes) => {
      if (codes[0] === "STALE") unit.lose("the claim is no longer this worker's");
      onCodes?.(codes);
    });
  }

  #cancelled(workflowId: string): void {
    for (const unit of this.#live.values()) if (unit.claim.workflowId === workflowId) this.#abandon(unit).catch(() => unit.lose("the workflow was cancelled"));
  }

  /** Compensations of a cancelled workflow go on: they may have been claimed before the news of its end came. */
  async #abandon(unit: LiveUnit): Promise<void> {
    const { reader } = this.options;
    const plan = reader.cachedPlan(unit.claim.definitionHash) ?? (await reader.planOf(unit.claim.workflowId));
    if (plan?.nodes[unit.claim.node]?.compensates === undefined) unit.lose("the workflow was cancelled");
  }

  /** @param concerns which units; absent: those that have run for a while */
  async #heartbeat(concerns = (unit: LiveUnit) => Date.now() - unit.sinceMs >= this.options.leaseMs / 4): Promise<void> {
    const { leaseMs, store, id, log } = this.options;
    const due = [...this.#live.values()].filter((unit) => unit.holds && concerns(unit));
    try {
      for (const loop of this.#loops) {
        const units = due.filter((unit) => this.#loopOf(unit) === loop);
        if (units.length === 0) continue;
        const lost = new Set((await store.heartbeatTasks(loop.shard, id, units.map((unit) => unit.ref))).map((ref) => keyOf(ref)));
        for (const unit of units) if (lost.has(keyOf(unit.claim))) unit.lose("the claim is no longer this worker's");
      }
      this.#lastHeartbeatMs = Date.now();
    } catch (error) {
      log.warn({ err: error }, "a heartbeat failed");
      if (Date.now() - this.#lastHeartbeatMs < leaseMs) return;
      // Without an answer for a whole lease others may have taken over.
      for (const unit of this.#live.values()) unit.lose("no heartbeat got through for a lease");
    }
  }
}

/** Under one token there may be the same task of several instances. */
function keyOf({ workflowId, node, path, unit, token }: Pick<Claim, "workflowId" | "node" | "path" | "unit" | "token">): string {
  return `${workflowId} ${nodeKey(node, path)} ${unit} ${token}`;
}

function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  timer.unref();
  return () => clearInterval(timer);
}
