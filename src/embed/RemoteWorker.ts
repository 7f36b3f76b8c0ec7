/** A worker that needs nothing but a server's API: for handlers on machines that Redis is not open to. */

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ClaimDocument, HandBackDocument, HeartbeatDocument, type ClaimMutation } from "../client/generated/graphql.js";
import { GraphqlClient, type Token } from "../client/GraphqlClient.js";
import { refuseProblems } from "../client/ClientError.js";
import { HandlerRegistry, type Handler } from "../engine/handlers.js";
import { createLog, type Log } from "../runtime/log.js";
import type { Config } from "../settings.js";
import { readOptions, type EmbedOptions } from "./options.js";
import { RemoteCall } from "./RemoteCall.js";

export interface RemoteWorkerOptions extends Pick<EmbedOptions, "workerQueues" | "workerConcurrency" | "leaseMs" | "stopGraceMs" | "logLevel" | "env"> {
  /** Of the server's GraphQL endpoint, or of the server alone. */
  url: string;
  token?: Token;
  handlers: readonly Handler[];
  /** Shown in events: letters, digits and `_ . : -`; default: made of the process id. */
  id?: string;
}

type ClaimedTask = ClaimMutation["claimTasks"]["tasks"][number];

/** How long the server waits for tasks before it answers that there are none. */
const LONG_POLL = "20s";
const MOST_AT_ONCE = 100;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;
/** Handlers may send heartbeats as often as they like; this often they are passed on. */
const BEATS_EVERY_MS = 200;

export class RemoteWorker {
  readonly id: string;
  readonly #client: GraphqlClient;
  readonly #handlers: HandlerRegistry;
  readonly #config: Config;
  readonly #log: Log;
  readonly #calls = new Map<string, RemoteCall>();
  readonly #stopping = new AbortController();
  readonly #beating = new Set<string>();
  #loop: Promise<void> | undefined;
  #heartbeats: NodeJS.Timeout | undefined;
  #lastHeartbeatMs = Date.now();
  #stopped: Promise<void> | undefined;
  #onRoom: () => void = () => undefined;

  /** @throws FanwireError INVALID_VALUE for a configuration that cannot be used and for handlers of the same name, ClientError REFUSED for no URL */
  constructor({ url, token, handlers, id, ...options }: RemoteWorkerOptions) {
    this.#client = new GraphqlClient(url, token);
    this.#handlers = new HandlerRegistry(handlers);
    this.#config = readOptions(options).config;
    this.#log = createLog(this.#config.logLevel, 2);
    this.id = id ?? `r${process.pid}-${randomBytes(3).toString("hex")}`;
  }

  /** Resolves when the server has taken its first question for tasks. @throws ClientError when it does not */
  async start(): Promise<void> {
    if (this.#loop || this.#stopped) throw new Error("A worker is started once; make another one");
    const first = await this.#claim("0s");
    this.#heartbeats = setInterval(() => void this.#heartbeat(), this.#config.leaseMs / 3);
    this.#begin(first);
    this.#loop = this.#work();
  }

  /** Claims nothing more, gives what runs `stopGraceMs`, then aborts and hands back the rest, so that other workers take it at once. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    this.#onRoom();
    await this.#loop;
    const late = new AbortController();
    const ended = Promise.all([...this.#calls.values()].map(({ ended }) => ended));
    await Promise.race([ended, pause(this.#config.stopGraceMs, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    const left = [...this.#calls.keys()];
    for (const call of this.#calls.values()) call.lose("the worker stops");
    await this.#handBack(left);
    clearInterval(this.#heartbeats);
  }

  async #work(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.#stopping.signal.aborted) {
      if (this.#room <= 0) {
        await new Promise<void>((resolve) => { this.#onRoom = resolve; });
        continue;
      }
      try {
        this.#begin(await this.#claim(LONG_POLL));
        backoffMs = FIRST_BACKOFF_MS;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#log.warn({ err: error }, "the server could not be asked for tasks; trying again");
        await pause(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
      }
    }
  }

  get #room(): number {
    return Math.min(MOST_AT_ONCE, this.#config.workerConcurrency - this.#calls.size);
  }

  async #claim(wait: string): Promise<ClaimedTask[]> {
    const { workerQueues, leaseMs } = this.#config;
    const input = { workerId: this.id, handlers: this.#handlers.names(), queues: [...workerQueues], max: this.#room, wait, lease: `${leaseMs}ms` };
    const { claimTasks } = await this.#client.request(ClaimDocument, { input }, this.#stopping.signal);
    refuseProblems("The server gives this worker no tasks", claimTasks.problems);
    return claimTasks.tasks;
  }

  #begin(tasks: readonly ClaimedTask[]): void {
    for (const task of tasks) {
      const handler = this.#handlers.get(task.handler) as Handler;
      const call = new RemoteCall({ client: this.#client, log: this.#log, handler, task, onBeat: () => this.#beat(task.claim) });
      this.#calls.set(task.claim, call);
      void call.ended.then(() => {
        this.#calls.delete(task.claim);
        this.#onRoom();
      });
    }
  }

  #beat(claim: string): void {
    if (this.#beating.size === 0) setTimeout(() => void this.#heartbeat([...this.#beating]), BEATS_EVERY_MS).unref();
    this.#beating.add(claim);
  }

  /** @param beating claims whose handlers say themselves that they are at work; absent: all, of which nothing but the worker says so */
  async #heartbeat(beating?: readonly string[]): Promise<void> {
    if (beating) this.#beating.clear();
    const claims = (beating ?? [...this.#calls.keys()]).filter((claim) => this.#calls.has(claim));
    if (claims.length === 0) return;
    const sentMs = Date.now();
    try {
      const { heartbeatTasks } = await this.#client.request(HeartbeatDocument, { input: { workerId: this.id, claims, byHandlers: beating !== undefined } });
      for (const claim of heartbeatTasks.lost) this.#calls.get(claim)?.lose("the claim is no longer this worker's");
      this.#lastHeartbeatMs = sentMs;
    } catch (error) {
      this.#log.warn({ err: error }, "a heartbeat failed");
      for (const call of this.#calls.values()) {
        // Without an answer for a whole lease others may have taken over.
        if (sentMs - Math.max(this.#lastHeartbeatMs, call.sinceMs) >= this.#config.leaseMs) call.lose("no heartbeat got through for a lease");
      }
    }
  }

  async #handBack(claims: readonly string[]): Promise<void> {
    if (claims.length === 0) return;
    try {
      await this.#client.request(HandBackDocument, { input: { claims: [...claims] } });
    } catch (error) {
      this.#log.warn({ err: error }, "tasks could not be handed back; their leases will bring them to others");
    }
  }
}
