/**
 * Sessions: entering workflows, carrying exports to their session and on to the workflows that wait for them. A session lies in
 * a slot of its own, so the workflow owes it: the debt is recorded in the workflow's own step, with a durable timer, and any
 * process carries it over; each part may be done twice.
 */

import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";
import type { ContextReader } from "./ContextReader.js";
import type { WorkflowReader, WorkflowStore } from "./ports.js";
import { ownerOf, sessionKey, type SessionName } from "./session.js";
import { TaskGroup } from "./TaskGroup.js";

/** What a workflow owes its session. */
export interface SessionDebt {
  /** j, or j with a number: to enter it, and to be supplied with what it holds. x: its exports. */
  owes: string;
  session: SessionName;
  submittedMs: number;
  /** When it ended. */
  finishedMs?: number;
}

/** What Redis keeps of sessions. `key` is sessionKey() of the session. */
export interface SessionStore {
  /** undefined when the workflow is gone, or owes nothing. */
  debtOf(workflowId: string): Promise<SessionDebt | undefined>;
  /** Those of the external keys that the workflow has no value for. */
  missingKeys(workflowId: string, externalKeys: readonly string[]): Promise<string[]>;
  /** @returns texts of those of the `missing` keys that the session holds */
  join(session: SessionName, workflowId: string, submittedMs: number, exports: boolean, missing: readonly string[]): Promise<Map<string, string>>;
  /** @param values key and JSON text, alternating @returns workflows that wait for keys */
  export(key: string, workflowId: string, finishedMs: number, values: readonly string[]): Promise<string[]>;
  settle(workflowId: string, key: string, owes: string): Promise<"OK" | "CHANGED" | "GONE">;
  /** Takes out a workflow that is gone, and strikes off the timer that asked for it. */
  leave(key: string, workflowId: string): Promise<void>;
  /** The workflow is supplied with all its keys. */
  supplied(key: string, workflowId: string): Promise<void>;
  /** The session has got all that the workflow exports. */
  exported(key: string, workflowId: string): Promise<void>;
  /** Workflows whose exports the session has not got. */
  exporters(key: string): Promise<string[]>;
  /** JSON texts of the keys it holds, by default of all. */
  values(key: string, keys?: readonly string[]): Promise<Map<string, string>>;
  exists(key: string): Promise<boolean>;
  /**
   * Makes the session that a workflow has for itself one that others may enter; the workflow owes to enter it then.
   * @returns false when the tenant has no such workflow
   */
  share(session: SessionName, workflowId: string): Promise<boolean>;
}

export interface SessionsServices {
  sessions: SessionStore;
  store: WorkflowStore;
  reader: WorkflowReader;
  contexts: ContextReader;
}

export class Sessions {
  constructor(private readonly services: SessionsServices) {}

  /** The context: what the workflows export that have completed before the call. */
  async context(session: SessionName): Promise<JsonObject> {
    const key = sessionKey(session);
    await this.#catchUp(key);
    return Object.fromEntries([...(await this.services.sessions.values(key))].map(([name, text]) => [name, JSON.parse(text) as JsonValue]));
  }

  async exists(session: SessionName): Promise<boolean> {
    return (await this.services.sessions.exists(sessionKey(session))) || this.#isOwn(session);
  }

  /** JSON texts of those of the keys that the session holds, for a workflow that is about to be submitted to it. */
  async supplied(session: SessionName, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const key = sessionKey(session);
    await this.#catchUp(key);
    return this.services.sessions.values(key, keys);
  }

  /** Before somebody enters it: a session that a workflow has had for itself becomes a shared one. */
  async open(session: SessionName): Promise<void> {
    const owner = ownerOf(session.id);
    if (owner === undefined) return;
    // Of another tenant's workflow this is an id like any other.
    if (await this.services.sessions.share(session, owner)) await this.carry(owner, sessionKey(session));
  }

  /**
   * Does what a workflow owes its session, and strikes it off. Any number of processes may do so at once.
   * @param member of the session with this key, should the workflow be gone
   * @throws when Redis does not take it: the debt stays, and its timer comes again
   */
  async carry(workflowId: string, member: string): Promise<void> {
    const { sessions } = this.services;
    for (;;) {
      const debt = await sessions.debtOf(workflowId);
      const key = debt ? sessionKey(debt.session) : member;
      if (debt) await this.#join(workflowId, debt);
      if (debt?.owes === "x") await this.#export(workflowId, key, debt);
      const code = await sessions.settle(workflowId, key, debt?.owes ?? "");
      if (code === "GONE") await sessions.leave(key, workflowId);
      if (code !== "CHANGED") return;
    }
  }

  /** The same when only the workflow is known. */
  async carryOwed(workflowId: string): Promise<void> {
    const debt = await this.services.sessions.debtOf(workflowId);
    if (debt) await this.carry(workflowId, sessionKey(debt.session));
  }

  async #join(workflowId: string, { session, submittedMs }: SessionDebt): Promise<void> {
    const { sessions, reader } = this.services;
    const plan = await reader.planOf(workflowId);
    if (!plan) return;
    const missing = await sessions.missingKeys(workflowId, plan.definition.externalKeys ?? []);
    const texts = await sessions.join(session, workflowId, submittedMs, plan.definition.exports !== undefined, missing);
    await this.#supply(session.tenant, workflowId, plan, texts);
  }

  async #export(workflowId: string, key: string, { session, finishedMs }: SessionDebt): Promise<void> {
    const { sessions, reader, contexts } = this.services;
    const plan = await reader.planOf(workflowId);
    if (!plan) return;
    const exports = plan.definition.exports ?? [];
    const values = await contexts.read(workflowId, plan, exports);
    const texts = Object.entries(values).flatMap(([name, value]) => [name, JSON.stringify(value)]);
    const waiting = await sessions.export(key, workflowId, finishedMs as number, texts);
    for (const other of waiting) await this.#deliver(session.tenant, key, other, exports);
    await sessions.exported(key, workflowId);
  }

  /** Supplies a workflow of the session with what that holds by now of the keys that it waits for. */
  async #deliver(tenant: string, key: string, workflowId: string, exports: readonly string[]): Promise<void> {
    const { sessions, reader } = this.services;
    const plan = await reader.planOf(workflowId);
    if (!plan) return;
    const missing = await sessions.missingKeys(workflowId, plan.definition.externalKeys ?? []);
    const wanted = missing.filter((name) => exports.includes(name));
    if (wanted.length > 0) await this.#supply(tenant, workflowId, plan, await sessions.values(key, wanted));
    if (missing.length === 0) await sessions.supplied(key, workflowId);
  }

  /** The first value of a key stays, whoever gave it. */
  async #supply(tenant: string, workflowId: string, plan: Plan, texts: ReadonlyMap<string, string>): Promise<void> {
    for (let keys = [...texts.keys()]; keys.length > 0;) {
      const values = keys.map((key) => texts.get(key) as string);
      const { code, taken } = await this.services.store.provideContext(tenant, workflowId, { keys, values, route: TaskGroup.provided(plan, keys) });
      // Ended or gone: it needs nothing any more.
      if (code !== "TAKEN") return;
      keys = keys.filter((key) => !taken.includes(key));
    }
  }

  /** Carries over what workflows that have completed owe the session, so that nobody reads it without. */
  async #catchUp(key: string): Promise<void> {
    const { sessions } = this.services;
    await Promise.all((await sessions.exporters(key)).map(async (workflowId) => {
      if ((await sessions.debtOf(workflowId))?.owes === "x") await this.carry(workflowId, key);
    }));
  }

  /** Whether a workflow of the tenant has it for itself: then it is there without anything being stored. */
  async #isOwn({ tenant, id }: SessionName): Promise<boolean> {
    const owner = ownerOf(id);
    const snapshot = owner === undefined ? null : await this.services.reader.snapshot(owner);
    return snapshot?.tenant === tenant && snapshot.sessionId === id;
  }
}
