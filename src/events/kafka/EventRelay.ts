/**
 * Carries the events of one shard to Kafka, from the feed, behind a cursor in Redis. One relay per shard goes on at a time: a
 * lease with a fencing token lets only its holder move the cursor, and the holder moves it only behind what Kafka has. So
 * what a relay that was taken for dead still sends comes twice, and nothing is left out.
 */

import { randomBytes } from "node:crypto";
import { FanwireError } from "../../errors.js";
import type { RedisBridge, RelayCursor } from "../../store/RedisBridge.js";
import type { EventLog } from "../EventLog.js";
import { FEED_START, type Feed, type FeedStep } from "../Feed.js";
import { BridgeLoop } from "./BridgeLoop.js";
import { EventSender } from "./EventSender.js";
import type { BridgeLog, KafkaClient } from "./KafkaClient.js";

export interface EventRelayServices {
  feed: Pick<Feed, "read" | "end">;
  eventLog: EventLog;
  bridge: RedisBridge;
  client: Pick<KafkaClient, "send">;
  topic: string;
  /** CloudEvents' `source`. */
  source: string;
  log: BridgeLog;
  /** Default 15 s: how long a relay that died keeps the others from going on. */
  leaseMs?: number;
}

/** Behind which step it goes on. */
type Position = RelayCursor & { at: string };

const LEASE_MS = 15_000;
/** How long a lost doorbell can delay an event. */
const POLL_MS = 500;
/** A relay that does not hold the lease looks so often whether it is free. */
const STANDBY_MS = 1_000;
const STEPS_PER_READ = 200;
const ENTRIES_PER_READ = 100;
/** How far the clock of Redis may have been set back without events being missed when they are looked for by their times. */
const CLOCK_MARGIN_MS = 60_000;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;

export class EventRelay {
  readonly #who = `${process.pid}-${randomBytes(6).toString("hex")}`;
  readonly #loop: BridgeLoop;
  readonly #leaseMs: number;
  readonly #sender: EventSender;
  /** Undefined while another relay holds the lease. */
  #token: string | undefined;
  #keptMs = 0;

  constructor(private readonly shard: number, private readonly services: EventRelayServices) {
    this.#leaseMs = services.leaseMs ?? LEASE_MS;
    this.#sender = new EventSender({ client: services.client, topic: services.topic, source: services.source, mayGoOn: () => this.#keepInTime() });
    this.#loop = new BridgeLoop({
      round: () => this.#round(),
      onError: (error) => services.log.warn({ err: message(error), shard }, "events could not be carried to Kafka; trying again"),
      firstBackoffMs: FIRST_BACKOFF_MS, lastBackoffMs: LAST_BACKOFF_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Whether this one carries the shard's events, and not another server's. */
  get relays(): boolean {
    return this.#token !== undefined;
  }

  /** Events that Kafka has got from here. */
  get sent(): number {
    return this.#sender.sent;
  }

  /** New events may be there. */
  ring(): void {
    this.#loop.ring();
  }

  /** Ends behind what is being sent, and leaves the lease to others. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    if (this.#token !== undefined) await this.services.bridge.leaveRelay(this.shard, this.#who, this.#token).catch(() => undefined);
  }

  /** Waits for the lease or, when it has it, relays. */
  async #round(): Promise<void> {
    this.#sender.clear();
    const lease = await this.services.bridge.takeRelay(this.shard, this.#who, this.#leaseMs);
    if (lease.code !== "HELD") {
      this.#token = undefined;
      return this.#loop.sleep(STANDBY_MS);
    }
    this.#token = lease.token;
    this.#keptMs = Date.now();
    await this.#relay(lease.at === undefined ? { at: FEED_START, passed: 0 } : { at: lease.at, passed: lease.passed });
  }

  /** Until the lease is lost or the relay stops. */
  async #relay(from: Position): Promise<void> {
    let position = from;
    while (!this.#loop.stopped) {
      const read = await this.#read(position);
      if (!read) return;
      const { steps } = read;
      position = read.from;
      if (steps.length === 0) {
        const counted = await this.#counted(position);
        if (!counted || !(await this.#keepInTime())) return;
        position = counted;
        await this.#loop.sleep(POLL_MS);
        continue;
      }
      if (!(await this.#sendSteps(steps))) return;
      position = { at: (steps.at(-1) as FeedStep).id, passed: position.passed === undefined ? undefined : position.passed + steps.length };
      if (!(await this.#keep(position))) return;
      this.#loop.progressed();
    }
  }

  /** Undefined when the lease was lost meanwhile. */
  async #read(position: Position): Promise<{ steps: FeedStep[]; from: Position } | undefined> {
    try {
      return { steps: await this.services.feed.read(this.shard, position.at, STEPS_PER_READ), from: position };
    } catch (error) {
      if (!(error instanceof FanwireError) || (error.code !== "CURSOR_EXPIRED" && error.code !== "CURSOR_AHEAD")) throw error;
      const from = await this.#catchUp(position.at);
      return from === undefined ? undefined : { steps: [], from };
    }
  }

  /** False when the lease was lost meanwhile. */
  async #sendSteps(steps: readonly FeedStep[]): Promise<boolean> {
    for (const [workflowId, { first, last }] of ranges(steps)) if (!(await this.#sendRange(workflowId, first, last))) return false;
    return this.#sender.flush();
  }

  async #sendRange(workflowId: string, first: number, last: number): Promise<boolean> {
    for (let entry = first; entry <= last; entry += ENTRIES_PER_READ) {
      const events = await this.services.eventLog.readEntries(workflowId, entry, Math.min(last, entry + ENTRIES_PER_READ - 1));
      if (!events) {
        this.services.log.warn({ workflowId }, "a workflow was removed before Kafka had all its events");
        return true;
      }
      for (const event of events) if (!(await this.#sender.add(event))) return false;
    }
    return true;
  }

  /**
   * When the feed does not reach back to the cursor any more, the logs do: sends what they got since then, some of it once more.
   * @returns the step to go on behind; undefined when the lease was lost meanwhile
   */
  async #catchUp(at: string): Promise<Position | undefined> {
    const { feed, bridge, eventLog, log } = this.services;
    // What is appended from here on stands behind this step.
    const { id, passed } = await feed.end(this.shard);
    const goOn: Position = { at: id, passed };
    const sinceMs = Math.min(...[at, id].map((id) => Number(id.split("-")[0]))) - CLOCK_MARGIN_MS;
    log.warn({ shard: this.shard, cursor: at, goOn: id }, "the feed does not reach back to what Kafka has; the missing events are looked for in the logs");
    for await (const workflowId of bridge.workflowIds(this.shard)) {
      const range = await eventLog.since(workflowId, sinceMs);
      if (range && !(await this.#sendRange(workflowId, range.first, range.last))) return undefined;
      if (this.#loop.stopped || !(await this.#keepInTime())) return undefined;
    }
    return (await this.#sender.flush()) && (await this.#keep(goOn)) ? goOn : undefined;
  }

  /** A cursor that was kept without its count gets it once it stands at the end. @returns undefined when the lease was lost meanwhile */
  async #counted(position: Position): Promise<Position | undefined> {
    if (position.passed !== undefined) return position;
    const { id, passed } = await this.services.feed.end(this.shard);
    if (id !== position.at) return position;
    const counted = { ...position, passed };
    return (await this.#keep(counted)) ? counted : undefined;
  }

  async #keepInTime(): Promise<boolean> {
    return Date.now() - this.#keptMs <= this.#leaseMs / 3 || this.#keep();
  }

  /** False when another relay has taken over. */
  async #keep(to?: Position): Promise<boolean> {
    const lease = await this.services.bridge.keepRelay(this.shard, this.#who, this.#token as string, this.#leaseMs, to);
    this.#keptMs = Date.now();
    if (lease.code === "HELD") return true;
    this.services.log.warn({ shard: this.shard }, "another server relays this shard's events now");
    this.#token = undefined;
    return false;
  }
}

/** First and last entry of each workflow's log: a feed holds every entry, so those between are in the steps too. */
function ranges(steps: readonly FeedStep[]): Map<string, { first: number; last: number }> {
  const found = new Map<string, { first: number; last: number }>();
  for (const { entries } of steps) {
    for (const { workflowId, entry } of entries) {
      const range = found.get(workflowId);
      if (range) range.last = Math.max(range.last, entry);
      else found.set(workflowId, { first: entry, last: entry });
    }
  }
  return found;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
