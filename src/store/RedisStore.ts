/** The engine's store over Redis: its changes are scripts, one atomic step each; its reads live in the readers beside it. */

import { randomUUID } from "node:crypto";
import { onBroken, type Redis } from "./connect.js";
import type {
  Claim, ClaimRequest, CompleteReply, ControlReply, DueTimer, Outcome, ProvideCommand, RetryCommand, SubmitCommand, SubmitReply, UnitRef, WorkflowStore,
} from "../engine/ports.js";
import { nodeKey } from "../engine/nodeKey.js";
import { ShardKeys, type Keys } from "./keys.js";
import type { Replicas } from "./Replicas.js";
import { Scripts } from "./scripts.js";
import { Submissions } from "./Submissions.js";
import { heartbeatArgs, pushClaimRequest, pushList, pushOutcome, pushRetry, readClaims, readCodes, readTimer } from "./wire.js";

export interface RedisStoreOptions {
  redis: Redis;
  keyPrefix: string;
  shards: number;
  leaseMs: number;
  retentionMs: number;
  /** About how many steps the feed of a shard keeps. */
  feedLength?: number;
  /** That must have a write before it counts. */
  replicas?: Replicas;
}

/** How long a timer that a poller got stays hidden from the others. */
const TIMER_HOLD_MS = 5_000;
/** How long a claim request is remembered: longer than a lost reply is asked for again. */
const REPEATABLE_MS = 60_000;
const LANES_LOOKED_AT = 1_000;

export class RedisStore implements WorkflowStore {
  readonly shards: number;
  readonly #keys: ShardKeys;
  readonly #scripts: Scripts;
  /** One per shard. */
  readonly #submissions: readonly Submissions[];
  /** Tenants that this process has entered since its connection stands. */
  readonly #knownTenants = new Set<string>();
  /** How far Redis' clock, by which timers are due, is ahead of this process's; about. */
  #clockAheadMs = 0;

  constructor(private readonly options: RedisStoreOptions) {
    this.shards = options.shards;
    this.#keys = new ShardKeys(options.keyPrefix, options.shards);
    this.#scripts = new Scripts(options.redis, options.feedLength, options.replicas);
    this.#submissions = this.#keys.all().map((keys) => new Submissions(keys, this.#scripts));
    onBroken(options.redis, () => this.#knownTenants.clear());
  }

  async submitWorkflow(shard: number, command: SubmitCommand): Promise<SubmitReply> {
    await this.#rememberTenant(shard, command.tenant);
    return (this.#submissions[shard] as Submissions).submit(command);
  }

  /** Before its first submission, so that no workflow stands in an index that the sweeper does not know. */
  async #rememberTenant(shard: number, tenant: string): Promise<void> {
    const known = `${shard}:${tenant}`;
    if (this.#knownTenants.has(known)) return;
    await this.options.redis.sadd(this.#keys.of(shard).tenants, tenant);
    if (this.#knownTenants.size > 10_000) this.#knownTenants.clear();
    this.#knownTenants.add(known);
  }

  async claimTasks(shard: number, request: ClaimRequest): Promise<Claim[]> {
    const keys = this.#keys.of(shard);
    const args: (string | number)[] = [keys.prefix];
    pushClaimRequest(args, request, this.options.leaseMs, this.options.retentionMs);
    for (const lane of request.lanes) args.push(keys.lane(lane.handler), lane.itemsPerSlot);
    return readClaims(await this.#scripts.call("claimTasks", [keys.timers], args));
  }

  async claimSeparately(shard: number, request: ClaimRequest, leaseMs: number): Promise<{ nowMs: number; claims: Claim[] }> {
    const keys = this.#keys.of(shard);
    const [now, ...claims] = await this.#scripts.call<[number, ...(string | number)[][]]>(
      "claimSeparately",
      [keys.timers, keys.claimRequest(request.request), keys.claimsOf(request.worker)],
      [keys.prefix, request.worker, request.want, leaseMs, this.options.retentionMs, REPEATABLE_MS, ...request.lanes.map((lane) => keys.lane(lane.handler))],
    );
    return { nowMs: now, claims: claims.flatMap(readClaims) };
  }

  async completeTasks(shard: number, request: ClaimRequest, outcomes: readonly Outcome[]): Promise<CompleteReply> {
    const keys = this.#keys.of(shard);
    const args: (string | number)[] = [keys.prefix];
    pushClaimRequest(args, request, this.options.leaseMs, this.options.retentionMs);
    pushList(args, request.lanes.flatMap((lane) => [keys.lane(lane.handler), lane.itemsPerSlot]));
    for (const outcome of outcomes) pushOutcome(args, outcome);
    const [codes, claims] = await this.#scripts.call<[string, (string | number)[]]>("completeTasks", [keys.timers], args);
    return { codes: readCodes(codes), claims: readClaims(claims) };
  }

  async heartbeatTasks(shard: number, worker: string, refs: readonly UnitRef[], leaseMs = this.options.leaseMs, byHandlers = false): Promise<UnitRef[]> {
    const keys = this.#keys.of(shard);
    const args = [keys.prefix, worker, leaseMs, byHandlers ? 1 : 0, ...heartbeatArgs(refs)];
    const lost = await this.#scripts.call<number[]>("heartbeatTasks", [keys.timers, keys.leases], args);
    return lost.map((index) => refs[index] as UnitRef);
  }

  /** @param variables field and value, alternating; at most 2,000 of them */
  async storeItems(ref: UnitRef, variables: string[]): Promise<boolean> {
    const keys = this.#keys.ofWorkflow(ref.workflowId) as Keys;
    const named = (text: string, i: number): string => (i % 2 === 0 && ref.path ? `${ref.path}/${text}` : text);
    const reply = await this.#scripts.call<string>(
      "storeItems", [keys.workflow(ref.workflowId), keys.items(ref.workflowId, ref.node)], [nodeKey(ref.node, ref.path), ref.token, ...variables.map(named)]);
    return reply === "OK";
  }

  async cancelWorkflow(tenant: string, id: string, error: string, request: string = randomUUID()): Promise<"OK" | "NOT_FOUND" | "ALREADY_ENDED"> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return "NOT_FOUND";
    return this.#scripts.call("cancelWorkflow", [keys.timers], [keys.prefix, this.options.retentionMs, id, tenant, error, request]);
  }

  async pauseWorkflow(tenant: string, id: string, request: string = randomUUID()): Promise<ControlReply> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return "NOT_FOUND";
    return this.#scripts.call("pauseWorkflow", [keys.timers], [keys.prefix, this.options.retentionMs, id, tenant, request]);
  }

  async resumeWorkflow(tenant: string, id: string, lanes: readonly string[], request: string = randomUUID()): Promise<ControlReply> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return "NOT_FOUND";
    return this.#scripts.call("resumeWorkflow", [keys.timers], [keys.prefix, this.options.retentionMs, id, tenant, request, ...lanes]);
  }

  async provideContext(tenant: string, id: string, { keys: names, values, route }: ProvideCommand, request: string = randomUUID()): Promise<{ code: ControlReply | "TAKEN"; taken: string[] }> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return { code: "NOT_FOUND", taken: [] };
    const args = [keys.prefix, this.options.retentionMs, id, tenant, request, route, JSON.stringify(names), ...names.flatMap((name, i) => [name, values[i] as string])];
    const [code, ...taken] = await this.#scripts.call<string[]>("provideContext", [keys.timers], args);
    return { code: code as ControlReply | "TAKEN", taken };
  }

  async signalTask(tenant: string, outcome: Outcome, request: string = randomUUID()): Promise<ControlReply | "NOT_WAITING"> {
    const keys = this.#keys.ofWorkflow(outcome.ref.workflowId) as Keys;
    const args: (string | number)[] = [keys.prefix, "signal", request, tenant, this.options.retentionMs];
    pushOutcome(args, outcome);
    return this.#scripts.call("signalTask", [keys.timers], args);
  }

  async retryWorkflow(tenant: string, id: string, command: RetryCommand, request: string = randomUUID()): Promise<"OK" | "NOT_FOUND" | "NOT_ENDED" | "CHANGED"> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return "NOT_FOUND";
    const args: (string | number)[] = [keys.prefix, request, id, tenant, this.options.retentionMs];
    pushRetry(args, command);
    return this.#scripts.call("retryWorkflow", [keys.timers], args);
  }

  async priorityLanes(shard: number): Promise<string[]> {
    const keys = this.#keys.of(shard);
    return this.#scripts.call("priorityLanes", [keys.lanes], [keys.prefix, LANES_LOOKED_AT]);
  }

  async deleteWorkflow(id: string, expandedNodes: readonly number[]): Promise<"OK" | "NOT_FOUND" | "RUNNING" | "OWES"> {
    const keys = this.#keys.ofWorkflow(id);
    if (!keys) return "NOT_FOUND";
    return this.#scripts.call("deleteWorkflow", [keys.timers], [keys.prefix, id, ...expandedNodes]);
  }

  async dueTimers(shard: number, limit: number): Promise<{ timers: DueTimer[]; nextMs?: number }> {
    const keys = this.#keys.of(shard);
    const reply = await this.#scripts.call<string[]>("dueTimers", [keys.timers, keys.leases], [limit, TIMER_HOLD_MS]);
    const timers: DueTimer[] = [];
    this.#clockAheadMs = Number(reply[0]) - Date.now();
    for (let i = 2; i < reply.length; i += 2) {
      const timer = readTimer(reply[i] as string, reply[i + 1] ?? "");
      if (timer) timers.push(timer);
    }
    return { timers, ...(reply[1] === "" ? {} : { nextMs: Number(reply[1]) }) };
  }

  async postponeTimer(shard: number, timer: DueTimer, delayMs: number): Promise<void> {
    await this.options.redis.zadd(this.#keys.of(shard).timers, "XX", Date.now() + this.#clockAheadMs + Math.round(delayMs), timer.member);
  }

  /** Removes timers whose consequences have been recorded; a lease goes with its timer. */
  async settleTimers(shard: number, timers: readonly DueTimer[]): Promise<void> {
    if (timers.length === 0) return;
    const keys = this.#keys.of(shard);
    const tokens = timers.flatMap((timer) => (timer.kind === "LEASE" ? [timer.token, `${timer.token}n`] : []));
    await Promise.all([
      this.options.redis.zrem(keys.timers, ...timers.map((timer) => timer.member)),
      ...(tokens.length > 0 ? [this.options.redis.hdel(keys.leases, ...tokens)] : []),
    ]);
  }
}
