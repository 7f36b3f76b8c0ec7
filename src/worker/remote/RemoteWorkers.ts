/** The worker protocol: claims by long poll or as offers, heartbeats, and what became of tasks. */

import { FanwireError } from "../../errors.js";
import { readClaimId, type RemoteClaim } from "../../engine/claimId.js";
import type { Caller } from "../../engine/Engine.js";
import { nodeKey } from "../../engine/nodeKey.js";
import type { WorkerDirectory } from "../../engine/Fleet.js";
import type { LaneBook } from "../../engine/LaneBook.js";
import type { UnitRef, WorkflowReader, WorkflowStore } from "../../engine/ports.js";
import type { Wake } from "../../engine/Wake.js";
import type {
  ClaimedTask, ClaimTasksInput, FailTaskInput, HeartbeatTasksInput, ReportProgressInput, TaskOutcome, WorkerProtocol,
} from "../../engine/WorkerProtocol.js";
import { problem, type Problem } from "../../errors.js";
import { Bell } from "../../engine/Bell.js";
import { claimProblems, clampLease, claimWish, workerIdProblems, type ClaimWish } from "./claimInput.js";
import { OfferIterator } from "./OfferIterator.js";
import { shardOfId } from "./OutcomeSender.js";
import type { RemoteClaims } from "./RemoteClaims.js";
import type { RemoteOutcomes } from "./RemoteOutcomes.js";

/** How long a lost doorbell can delay a waiting worker. */
const POLL_MS = 2_000;
/** A worker counts as alive for so long after it was heard of, and for the length of the leases it asks for. */
const ALIVE_MS = 15_000;
/** While nothing changes it is noted again only so often. */
const NOTE_EVERY_MS = 3_000;
const MAX_CLAIMS_TOLD = 1_000;

export interface RemoteWorkersServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  claims: RemoteClaims;
  outcomes: RemoteOutcomes;
  directory: WorkerDirectory;
  lanes: LaneBook;
  wake: Wake;
  /** A remote worker asks for tasks; called every time. */
  onAsked(): void;
  log: { warn(obj: object, message: string): void };
}

export class RemoteWorkers implements WorkerProtocol {
  readonly #bells = new Set<Bell>();
  readonly #offers = new Map<OfferIterator, Bell>();
  readonly #undo: (() => void)[];
  readonly #noted = new Map<string, { text: string; atMs: number }>();
  #stopped = false;

  constructor(private readonly services: RemoteWorkersServices) {
    this.#undo = [
      services.wake.onReady(() => this.#ringAll()),
      services.lanes.onLearnt(() => this.#ringAll()),
      services.wake.onEvents((ids) => { for (const [offers, bell] of this.#offers) if (offers.concerns(ids)) bell.ring(); }),
    ];
  }

  async claimTasks(_caller: Caller, input: ClaimTasksInput, signal?: AbortSignal): Promise<{ tasks: ClaimedTask[]; problems: Problem[] }> {
    const problems = claimProblems(input);
    if (problems.length > 0) return { tasks: [], problems };
    const wish = claimWish(input);
    const bell = this.#newBell();
    try {
      return { tasks: await this.#claimWithin(wish, bell, signal), problems: [] };
    } finally {
      this.#bells.delete(bell);
    }
  }

  taskOffers(_caller: Caller, input: ClaimTasksInput): AsyncIterableIterator<ClaimedTask> {
    const [first] = claimProblems(input);
    if (first) throw new FanwireError(first.code, first.message, { retryable: false });
    const wish = claimWish(input);
    const bell = this.#newBell();
    const offers: OfferIterator = new OfferIterator({
      max: wish.max, bell,
      take: async (want) => {
        await this.#note(wish);
        return this.services.claims.take(wish, want);
      },
      handBack: (claims) => this.services.claims.handBack(claims),
      isOpen: (claim) => this.#isOpen(claim),
      onClose: () => {
        this.#bells.delete(bell);
        this.#offers.delete(offers);
      },
    });
    this.#offers.set(offers, bell);
    return offers;
  }

  async heartbeatTasks(_caller: Caller, { workerId, claims, leaseMs, byHandlers = true }: HeartbeatTasksInput): Promise<{ lost: string[]; problems: Problem[] }> {
    const problems = workerIdProblems(workerId);
    if (claims.length > MAX_CLAIMS_TOLD) problems.push(problem("LIMIT_EXCEEDED", `At most ${MAX_CLAIMS_TOLD} claims at once`, "claims"));
    if (problems.length > 0) return { lost: [], problems };
    const lost = new Set<string>();
    const batches = new Map<string, { shard: number; leaseMs: number; ids: string[]; refs: UnitRef[] }>();
    claims.forEach((id, i) => {
      const claim = readClaimId(id);
      const shard = claim ? shardOfId(claim.ref.workflowId) : Infinity;
      if (!claim) problems.push(problem("CLAIM_INVALID", "This is no claim that the server gave out", `claims[${i}]`));
      if (!claim || shard >= this.services.store.shards) {
        lost.add(id);
        return;
      }
      const lease = clampLease(leaseMs ?? claim.leaseMs);
      const batch = batches.get(`${shard} ${lease}`) ?? { shard, leaseMs: lease, ids: [], refs: [] };
      batches.set(`${shard} ${lease}`, batch);
      batch.ids.push(id);
      batch.refs.push(claim.ref);
    });
    for (const batch of batches.values()) {
      const gone = new Set(await this.services.store.heartbeatTasks(batch.shard, workerId, batch.refs, batch.leaseMs, byHandlers));
      batch.refs.forEach((ref, i) => { if (gone.has(ref)) lost.add(batch.ids[i] as string); });
    }
    return { lost: [...lost], problems };
  }

  async handBackTasks(_caller: Caller, claims: readonly string[]): Promise<{ problems: Problem[] }> {
    if (claims.length > MAX_CLAIMS_TOLD) return { problems: [problem("LIMIT_EXCEEDED", `At most ${MAX_CLAIMS_TOLD} claims at once`, "claims")] };
    await this.handBack(claims);
    return { problems: claims.flatMap((id, i) => (readClaimId(id) ? [] : [problem("CLAIM_INVALID", "This is no claim that the server gave out", `claims[${i}]`)])) };
  }

  /** Tasks that nobody will work on are ready again, with the same attempt; claims that are lost stay so. */
  async handBack(claims: readonly string[]): Promise<void> {
    const known = claims.flatMap((id) => readClaimId(id) ?? []).filter(({ ref }) => shardOfId(ref.workflowId) < this.services.store.shards);
    await this.services.claims.handBack(known);
  }

  completeTasks(caller: Caller, results: Parameters<WorkerProtocol["completeTasks"]>[1]): ReturnType<WorkerProtocol["completeTasks"]> {
    return this.services.outcomes.complete(caller, results);
  }

  failTask(caller: Caller, input: FailTaskInput): Promise<TaskOutcome> {
    return this.services.outcomes.fail(caller, input);
  }

  reportProgress(caller: Caller, input: ReportProgressInput): Promise<TaskOutcome> {
    return this.services.outcomes.progress(caller, input);
  }

  /** Whoever waits gets what there is, which is nothing; offers end, and those without an outcome are handed back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const undo of this.#undo.splice(0)) undo();
    this.#ringAll();
    await Promise.all([...this.#offers.keys()].map((offers) => offers.return().catch((error: unknown) =>
      this.services.log.warn({ err: error }, "offers could not be handed back; their leases will bring them back"))));
  }

  async #claimWithin(wish: ClaimWish, bell: Bell, signal: AbortSignal | undefined): Promise<ClaimedTask[]> {
    const deadlineMs = Date.now() + wish.waitMs;
    while (!signal?.aborted && !this.#stopped) {
      await this.#note(wish);
      const offers = await this.services.claims.take(wish, wish.max);
      if (signal?.aborted) {
        await this.services.claims.handBack(offers.map(({ claim }) => claim));
        break;
      }
      const leftMs = deadlineMs - Date.now();
      if (offers.length > 0 || leftMs <= 0) return offers.map(({ task }) => task);
      await bell.wait(Math.min(leftMs, POLL_MS), signal);
    }
    return [];
  }

  async #isOpen({ ref }: RemoteClaim): Promise<boolean> {
    const unit = await this.services.reader.unit(ref.workflowId, nodeKey(ref.node, ref.path), ref.unit);
    return unit?.status === "RUNNING" && unit.token === ref.token;
  }

  async #note({ worker, handlers, queues, max, leaseMs }: ClaimWish): Promise<void> {
    this.services.onAsked();
    const note = { handlers: [...handlers], running: 0, capacity: max, plans: false, remote: true, queues: [...queues] };
    const text = JSON.stringify(note);
    const before = this.#noted.get(worker);
    if (before?.text === text && Date.now() - before.atMs < NOTE_EVERY_MS) return;
    if (this.#noted.size > 10_000) this.#noted.clear();
    this.#noted.set(worker, { text, atMs: Date.now() });
    await this.services.directory.register(worker, note, Math.max(ALIVE_MS, leaseMs));
  }

  #newBell(): Bell {
    const bell = new Bell();
    this.#bells.add(bell);
    return bell;
  }

  #ringAll(): void {
    for (const bell of this.#bells) bell.ring();
  }
}
