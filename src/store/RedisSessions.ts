/** Sessions in Redis: each in the slot that its key chooses, apart from its workflows. */

import type { Redis } from "./connect.js";
import { sessionKey, sessionTimer, type SessionName } from "../engine/session.js";
import type { SessionDebt, SessionStore } from "../engine/Sessions.js";
import type { ShardKeys } from "./keys.js";
import type { Scripts } from "./scripts.js";

export class RedisSessions implements SessionStore {
  /** @param retentionMs how long a session outlives its last workflow */
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly scripts: Scripts, private readonly retentionMs: number) {}

  async debtOf(workflowId: string): Promise<SessionDebt | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return undefined;
    const [owes, id, tenant, submitted, finished] = await this.redis.hmget(keys.workflow(workflowId), "so", "ss", "tn", "sub", "fin");
    if (owes == null || id == null || tenant == null) return undefined;
    const submittedMs = Number(submitted);
    return { owes, session: { tenant, id }, submittedMs, ...(finished == null ? {} : { finishedMs: submittedMs + Number(finished) }) };
  }

  async missingKeys(workflowId: string, externalKeys: readonly string[]): Promise<string[]> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys || externalKeys.length === 0) return [];
    const fields = await this.redis.hmget(keys.workflow(workflowId), ...externalKeys.map((key) => `k:${key}`));
    return externalKeys.filter((_, i) => fields[i] === "-");
  }

  async join(session: SessionName, workflowId: string, submittedMs: number, exports: boolean, missing: readonly string[]): Promise<Map<string, string>> {
    const key = sessionKey(session);
    const texts = await this.scripts.call<(string | null)[]>("joinSession", this.#keysOf(key), [
      session.id, session.tenant, workflowId, submittedMs, exports ? 1 : 0, ...missing,
    ]);
    return present(missing, texts);
  }

  export(key: string, workflowId: string, finishedMs: number, values: readonly string[]): Promise<string[]> {
    const keys = this.shards.ofSession(key);
    return this.scripts.call("exportToSession", [keys.session(key), keys.sessionContext(key), keys.sessionWaiting(key)], [workflowId, finishedMs, ...values]);
  }

  async settle(workflowId: string, key: string, owes: string): Promise<"OK" | "CHANGED" | "GONE"> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return "OK";
    return this.scripts.call("settleSession", [keys.timers, keys.workflow(workflowId)], [sessionTimer(workflowId, key), owes]);
  }

  async leave(key: string, workflowId: string): Promise<void> {
    await this.scripts.call("leaveSession", this.#keysOf(key), [workflowId, this.retentionMs]);
    const keys = this.shards.ofWorkflow(workflowId);
    if (keys) await this.redis.zrem(keys.timers, sessionTimer(workflowId, key));
  }

  async supplied(key: string, workflowId: string): Promise<void> {
    await this.redis.srem(this.shards.ofSession(key).sessionWaiting(key), workflowId);
  }

  async exported(key: string, workflowId: string): Promise<void> {
    await this.redis.srem(this.shards.ofSession(key).sessionExporters(key), workflowId);
  }

  exporters(key: string): Promise<string[]> {
    return this.redis.smembers(this.shards.ofSession(key).sessionExporters(key));
  }

  async values(key: string, wanted?: readonly string[]): Promise<Map<string, string>> {
    const context = this.shards.ofSession(key).sessionContext(key);
    if (!wanted) return new Map(Object.entries(await this.redis.hgetall(context)));
    return wanted.length === 0 ? new Map() : present(wanted, await this.redis.hmget(context, ...wanted));
  }

  async exists(key: string): Promise<boolean> {
    return (await this.redis.exists(this.shards.ofSession(key).session(key))) === 1;
  }

  async share(session: SessionName, workflowId: string): Promise<boolean> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return false;
    const key = sessionKey(session);
    const code = await this.scripts.call<string>("shareSession", [keys.timers, keys.workflow(workflowId)], [session.tenant, session.id, key, sessionTimer(workflowId, key)]);
    return code === "OK";
  }

  #keysOf(key: string): string[] {
    const keys = this.shards.ofSession(key);
    return [keys.session(key), keys.sessionContext(key), keys.sessionIndex(key), keys.sessionWaiting(key), keys.sessionExporters(key)];
  }
}

function present(keys: readonly string[], texts: readonly (string | null)[]): Map<string, string> {
  return new Map(keys.flatMap((key, i): [string, string][] => (texts[i] == null ? [] : [[key, texts[i]]])));
}
