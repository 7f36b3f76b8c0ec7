/** Fires durable timers: lost leases, attempt timeouts, silent handlers, retries, delays, deadlines, retention, debts to sessions. Any number of loops may run at once. */

import type { AgencyTaskGroup } from "./AgencyTaskGroup.js";
import { readChild } from "./children.js";
import { ChildTimers, type Again } from "./ChildTimers.js";
import type { ContextReader } from "./ContextReader.js";
import type { ClaimRequest, DueTimer, Outcome, UnitRecord, UnitRef, WorkflowReader, WorkflowStore } from "./ports.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import { isTaskEnded } from "../workflow/status.js";
import { addressOf } from "./addressOf.js";
import { nodeKey } from "./nodeKey.js";
import { laneOf } from "./TaskGroup.js";
import type { Sessions } from "./Sessions.js";
import type { Settlement } from "./Settlement.js";
import { lateResult, readSignal } from "./signals.js";
import { Deadlines, silence } from "./deadlines.js";
import { UnitOutcomes } from "./unitOutcomes.js";

/** After this many losses the items of a range go their own ways, so that one bad item does not take the others along. */
const LOSSES_BEFORE_SPLIT = 2;
const BATCH = 200;
const LONGEST_SLEEP_MS = 500;

export interface TimerLoopServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
  settlement: Settlement;
  workflows: AgencyTaskGroup;
  sessions: Sessions;
  leaseMs: number;
  /** A unit that lost this many workers is POISON. At least 2, so that a range can be split before. */
  maxLosses: number;
  log: { warn(obj: object, message: string): void };
}

const NO_CLAIMS: ClaimRequest = { worker: "timers", request: "", want: 0, lanes: [] };

export class TimerLoop {
  #stopped = false;
  #wake: (() => void) | undefined;
  #reschedule: (() => void) | undefined;
  #nextLookMs = Infinity;
  #failing = false;
  /** While Redis was away nobody could send a heartbeat: for one lease after it came back no worker counts as lost. */
  #leasesFromMs = 0;
  #running: Promise<void> | undefined;
  readonly #outcomes: UnitOutcomes;
  readonly #deadlines: Deadlines;
  readonly #children: ChildTimers;

  constructor(private readonly shard: number, private readonly services: TimerLoopServices) {
    this.#outcomes = new UnitOutcomes(services.settlement, services.reader);
    this.#deadlines = new Deadlines(services.settlement, services.reader);
    this.#children = new ChildTimers({ ...services, outcomes: this.#outcomes });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let sleepMs = LONGEST_SLEEP_MS;
      try {
        const { timers, nextMs } = await this.services.store.dueTimers(this.shard, BATCH);
        if (this.#failing) this.#leasesFromMs = Date.now() + this.services.leaseMs;
        this.#failing = false;
        if (timers.length > 0) await this.#fire(timers.filter((timer) => timer.kind !== "LEASE" || Date.now() >= this.#leasesFromMs));
        sleepMs = timers.length === BATCH ? 0 : Math.min(nextMs ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS);
      } catch (error) {
        this.#failing = true;
        if (!this.#stopped) this.services.log.warn({ err: error, shard: this.shard }, "timers could not be fired; trying again");
      }
      if (sleepMs > 0 && !this.#stopped) await this.#sleep(sleepMs);
    }
  }

  /** A timer was set: look again when it is due, even if that is before the next look. */
  hint(delayMs: number): void {
    const dueMs = Date.now() + delayMs;
    if (dueMs >= this.#nextLookMs) return;
    this.#nextLookMs = dueMs;
    this.#reschedule?.();
  }

  #sleep(ms: number): Promise<void> {
    // A hint that came while timers were being fired counts too.
    this.#nextLookMs = Math.min(this.#nextLookMs, Date.now() + ms);
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = (): void => {
        clearTimeout(timer);
        this.#nextLookMs = Infinity;
        this.#reschedule = undefined;
        resolve();
      };
      this.#wake = over;
      this.#reschedule = () => {
        clearTimeout(timer);
        timer = setTimeout(over, Math.max(0, this.#nextLookMs - Date.now()));
      };
      this.#reschedule();
    });
  }

  async #fire(timers: readonly DueTimer[]): Promise<void> {
    const settled: DueTimer[] = [];
    const outcomes: Outcome[] = [];
    for (const timer of timers) {
      try {
        const come = await this.#consequences(timer);
        if ("againMs" in come) {
          await this.services.store.postponeTimer(this.shard, timer, come.againMs);
          this.hint(come.againMs);
          continue;
        }
        outcomes.push(...come);
        // Carried over, it is struck off with the debt itself, which may have become another one meanwhile.
        if (timer.kind !== "SESSION") settled.push(timer);
      } catch (error) {
        this.services.log.warn({ err: error, timer: timer.member }, "a timer failed; it comes again");
      }
    }
    for (let i = 0; i < outcomes.length; i += BATCH) {
      await this.services.store.completeTasks(this.shard, NO_CLAIMS, outcomes.slice(i, i + BATCH));
    }
    await this.services.store.settleTimers(this.shard, settled);
  }

  async #consequences(timer: DueTimer): Promise<Outcome[] | Again> {
    switch (timer.kind) {
      case "LEASE": {
        const lists = await Promise.all(timer.units.map((unit) => this.#lost({ ...unit, attempt: 0, token: timer.token })));
        return lists.flat();
      }
      case "TIMEOUT":
        return this.#timedOut({ ...timer, attempt: 0 }, (node, address) => `An attempt of ${address} took longer than ${node.task.timeoutMs} ms`);
      case "HEARTBEAT":
        return this.#timedOut({ ...timer, attempt: 0 }, silence);
      case "DEADLINE":
        return this.#deadlines.over(timer);
      case "DELAY":
        return this.#delayOver({ ...timer, attempt: 0 });
      case "RETRY":
        return this.#retryDue({ ...timer, token: "0" });
      case "RETENTION":
        await this.services.workflows.cleanUp(timer.workflowId);
        return [];
      case "SESSION":
        await this.services.sessions.carry(timer.workflowId, timer.session);
        return [];
      case "CHILD_ENDED":
        return this.#children.ended(timer.workflowId);
      case "CHILD_WATCH":
        return this.#children.watch(timer.workflowId);
      case "CHILD_ABANDONED":
        return this.#children.abandoned(timer.workflowId);
    }
  }

  /** The unit as it stands, when it still runs (or waits) under that token. */
  async #current(at: UnitRef): Promise<{ plan: Plan; node: PlanNode; ref: UnitRef; record: UnitRecord } | undefined> {
    const record = await this.services.reader.unit(at.workflowId, nodeKey(at.node, at.path), at.unit);
    if (!record || record.token !== at.token || isTaskEnded(record.status) || record.status === "READY") return undefined;
    const plan = await this.services.reader.planOf(at.workflowId);
    const node = plan?.nodes[at.node];
    if (!plan || !node) return undefined;
    const { workflowId, path, unit, token } = at;
    return { plan, node, record, ref: { workflowId, node: at.node, path, unit, attempt: record.attempt, token, ...(record.base === undefined ? {} : { base: record.base }) } };
  }

  async #lost(at: UnitRef): Promise<Outcome[]> {
    const found = await this.#current(at);
    if (!found || found.record.status !== "RUNNING") return [];
    const { plan, node, ref, record } = found;
    const { maxLosses } = this.services;
    const losses = record.losses + 1;
    if (losses >= maxLosses) {
      const address = await addressOf(this.services.reader, plan, node, ref);
      const error: TaskError = { code: "POISON", message: `${address} lost its worker ${losses} times`, retryable: false, task: address };
      return this.#outcomes.fail(plan, node, ref, error);
    }
    if (losses === Math.min(LOSSES_BEFORE_SPLIT, maxLosses - 1) && ref.unit.startsWith("r")) return [{ kind: "split", ref, lane: laneOf(node, "ITEMS") }];
    const phase = ref.unit === "-" ? (node.expansion ? "EXPAND" : "PLAIN") : "ITEMS";
    return [{ kind: "requeue", ref, lane: laneOf(node, phase), lost: true }];
  }

  async #timedOut(at: UnitRef, message: (node: PlanNode, address: string) => string): Promise<Outcome[]> {
    const found = await this.#current(at);
    if (!found || found.record.status !== "RUNNING") return [];
    const { plan, node, ref } = found;
    const address = await addressOf(this.services.reader, plan, node, ref);
    const error: TaskError = { code: "TIMEOUT", message: message(node, address), retryable: true, task: address };
    return this.#outcomes.fail(plan, node, ref, error);
  }

  async #delayOver(at: UnitRef): Promise<Outcome[] | Again> {
    const found = await this.#current(at);
    if (!found || found.record.status !== "WAITING") return [];
    const { plan, node, ref } = found;
    const text = (await this.services.reader.delayedResult(ref.workflowId, nodeKey(node.index, ref.path), ref.unit)) ?? "null";
    const child = readChild(text);
    if (child) return this.#children.recheck({ plan, node, ref }, child);
    const wait = readSignal(text);
    if (wait) return this.#outcomes.settle(plan, node, ref, () => lateResult(wait));
    return this.#outcomes.complete(plan, node, ref, { text, value: JSON.parse(text) as JsonValue });
  }

  async #retryDue(at: UnitRef): Promise<Outcome[]> {
    const plan = await this.services.reader.planOf(at.workflowId);
    const node = plan?.nodes[at.node];
    if (!node) return [];
    const phase = at.unit === "-" ? (node.expansion ? "EXPAND" : "PLAIN") : "ITEMS";
    return [{ kind: "ready", ref: at, lane: laneOf(node, phase) }];
  }
}
