/** Registered definitions in Redis: per tenant a set of names, and per name a hash of its versions. */

import { createHash } from "node:crypto";
import type { Redis } from "./connect.js";
import type { DefinitionStore, RegisteredDefinition } from "../engine/DefinitionRegistry.js";
import type { Page, PageRequest } from "../engine/snapshot.js";
import { FanwireError } from "../errors.js";
import { definitionHash } from "../workflow/compilePlan.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import type { Keys, ShardKeys } from "./keys.js";
import type { Scripts } from "./scripts.js";

export class RedisDefinitions implements DefinitionStore {
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly scripts: Scripts) {}

  async register(tenant: string, definition: WorkflowDefinition, hash: string): Promise<{ version: number; registeredMs: number }> {
    const keys = this.#keysOf(tenant);
    const names = [keys.definitionNames(tenant), keys.definitionVersions(tenant, sha256(definition.name))];
    const [version, ms] = await this.scripts.call<[string, string]>("registerDefinition", names, [definition.name, hash, JSON.stringify(definition)]);
    return { version: Number(version), registeredMs: Number(ms) };
  }

  async find(tenant: string, name: string, version?: number): Promise<RegisteredDefinition | undefined> {
    const key = this.#keysOf(tenant).definitionVersions(tenant, sha256(name));
    const wanted = version ?? (await this.redis.hget(key, "n"));
    if (wanted === null) return undefined;
    const [text, ms] = await this.redis.hmget(key, `d${wanted}`, `t${wanted}`);
    if (text == null) return undefined;
    const definition = JSON.parse(text) as WorkflowDefinition;
    return { definition, version: Number(wanted), hash: definitionHash(definition), registeredMs: Number(ms) };
  }

  async list(tenant: string, { first = 100, after }: PageRequest): Promise<Page<RegisteredDefinition>> {
    const key = this.#keysOf(tenant).definitionNames(tenant);
    const names = await this.redis.zrangebylex(key, after === undefined ? "-" : `(${nameAt(after)}`, "+", "LIMIT", 0, first + 1);
    const found = await Promise.all(names.slice(0, first).map((name) => this.find(tenant, name)));
    return {
      edges: found.flatMap((node) => (node ? [{ cursor: cursorOf(node.definition.name), node }] : [])),
      hasNextPage: names.length > first,
      hasPreviousPage: after !== undefined,
      totalCount: await this.redis.zcard(key),
    };
  }

  /** All of a tenant's in one shard, which its name decides: names have one order, and a script one slot. */
  #keysOf(tenant: string): Keys {
    const all = this.shards.all();
    return all[createHash("sha256").update(tenant).digest().readUInt32BE(0) % all.length] as Keys;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function cursorOf(name: string): string {
  return Buffer.from(`n${name}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
function nameAt(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  if (!text.startsWith("n")) throw new FanwireError("CURSOR_INVALID", "The page cursor is not one of this server's", { retryable: false });
  return text.slice(1);
}
