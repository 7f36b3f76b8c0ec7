/** The engine's sessions over a store that fails at a chosen call, as when its process dies there. */

import { ContextReader } from "../../src/engine/ContextReader.js";
import { Sessions, type SessionStore } from "../../src/engine/Sessions.js";
import type { FanwireNode } from "../../src/main.js";
import { InstanceReader } from "../../src/store/InstanceReader.js";
import { InstanceStates } from "../../src/store/InstanceStates.js";
import { NodeFields } from "../../src/store/NodeFields.js";
import { ItemReader } from "../../src/store/ItemReader.js";
import { ShardKeys } from "../../src/store/keys.js";
import { PlanCache } from "../../src/store/PlanCache.js";
import { RedisFleet } from "../../src/store/RedisFleet.js";
import { RedisReader } from "../../src/store/RedisReader.js";
import { RedisSessions } from "../../src/store/RedisSessions.js";
import { RedisStore } from "../../src/store/RedisStore.js";
import { Scripts } from "../../src/store/scripts.js";
import { WorkflowIndex } from "../../src/store/WorkflowIndex.js";
import { WorkflowReader } from "../../src/store/WorkflowReader.js";

export class Died extends Error {}

/** @param diesAt which call is the last, and whether it is carried out before */
export function sessionsOf({ redis }: FanwireNode, keyPrefix: string, retentionMs: number, diesAt?: { method: keyof SessionStore; after: boolean }): Sessions {
  const shards = new ShardKeys(keyPrefix, 1);
  const fleet = new RedisFleet(redis, shards, new Scripts(redis));
  const fields = new NodeFields(redis, shards);
  const instances = new InstanceReader(redis, shards, fields);
  const workflows = new WorkflowReader(redis, shards, new PlanCache(redis), fleet, fields);
  const items = new ItemReader(redis, fields);
  const reader = new RedisReader(workflows, items, new WorkflowIndex(redis, shards, workflows), instances, new InstanceStates(fields, instances, items, fleet));
  const store = new RedisStore({ redis, keyPrefix, shards: 1, leaseMs: 60_000, retentionMs });
  const sessions = new RedisSessions(redis, shards, new Scripts(redis), retentionMs);
  return new Sessions({ sessions: diesAt ? dying(sessions, diesAt.method, diesAt.after) : sessions, store, reader, contexts: new ContextReader(reader) });
}

function dying(store: SessionStore, method: keyof SessionStore, after: boolean): SessionStore {
  let dead = false;
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        if (dead) throw new Died();
        if (name === method) {
          dead = true;
          if (after) await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
          throw new Died();
        }
        return (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
      };
    },
  });
}
