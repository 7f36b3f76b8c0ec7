/** Every Redis key of the product, with a sentence on each. A workflow's keys share its shard's hash tag, and so a slot. */

/** `<prefix>:{s<shard>}:`, what all keys of a shard start with. */
export function shardPrefix(keyPrefix: string, shard: number): string {
  return `${keyPrefix}:{s${shard}}:`;
}

/**
 * A key that never is, in the shard of another. A script that names it is refused while the shard's slot moves (TRYAGAIN: "not all keys are here"):
 * of the keys that it finds out for itself some could be on the other node, and it would break off in the middle.
 */
export function wholeSlotKey(key: string): string {
  return `${key.slice(0, key.indexOf("}:") + 2)}none`;
}

/** Workflow ids are `s<shard>-<ULID>`. */
const ID_PATTERN = /^s(\d{1,4})-[0-9A-HJKMNP-TV-Z]{26}$/;

/** The shard that an id names; undefined when it is no id of ours, so that client input never becomes a key unchecked. */
export function shardOf(workflowId: string): number | undefined {
  const match = ID_PATTERN.exec(workflowId);
  return match ? Number(match[1]) : undefined;
}

export class Keys {
  constructor(readonly prefix: string) {}

  /** hash: header, task and unit records of a workflow; see lua/include/workflow.lua */
  workflow(id: string): string { return `${this.prefix}w:${id}`; }
  /** hash: the context; key -> JSON text, or `@<task>`: a view over that task's items */
  context(id: string): string { return `${this.prefix}c:${id}`; }
  /** hash: contexts of the instances of expanded groups; `<path>/<key>` -> as in a context */
  instances(id: string): string { return `${this.prefix}v:${id}`; }
  /** list: the event log; an entry is `<first seq> <ms>` and one line per event or run of events */
  events(id: string): string { return `${this.prefix}e:${id}`; }
  /**
   * hash: items of an expanded task by chunk: v<c> variables, s<c> statuses, r<c> results, shape; of a group besides t<i>, the
   * records of an ended instance. In instances of a group `<path>/` stands before these names.
   */
  items(id: string, node: number | string): string { return `${this.prefix}i:${id}:${node}`; }
  /** hash: a definition by content: text, its limits (lua/include/limits.lua), and how many workflows use it */
  definition(hash: string): string { return `${this.prefix}d:${hash}`; }
  /** zset: names of a tenant's registered definitions, all of score 0 */
  definitionNames(tenant: string): string { return `${this.prefix}rn:${tenant}`; }
  /** hash: versions of a registered definition (by its name's SHA-256): n the latest, d<v> text, t<v> ms, h<hash> the version of that content */
  definitionVersions(tenant: string, nameHash: string): string { return `${this.prefix}rv:${tenant}:${nameHash}`; }
  /** hash: which workflow an idempotency key (by its SHA-256) stands for */
  idempotency(tenant: string, keyHash: string): string { return `${this.prefix}idem:${tenant}:${keyHash}`; }
  /** list: units ready to be claimed, hints only: a claim is decided by the unit's record */
  lane(name: string): string { return `${this.prefix}q:${name}`; }
  /** list: tasks that a limit of their group holds, until others of it have ended */
  held(id: string, group: number | string): string { return `${this.prefix}h:${id}:${group}`; }
  /** zset: due ms -> L lease, T attempt timeout, B silence of a handler, R retry, D delay, E end of a task's, group's or workflow's time, X retention, S what a workflow owes its session; of sub-workflows N ended, V watch, A abandoned */
  get timers(): string { return `${this.prefix}tm`; }
  /** hash: token -> worker and its units; <token>n -> how many of them still run; n -> how many tokens were minted */
  get leases(): string { return `${this.prefix}lease`; }
  /** hash with expiry: a worker's last claim request and the token it got, so that a repeated request gets the same answer */
  worker(worker: string): string { return `${this.prefix}wk:${worker}`; }
  /** set with expiry: tokens of the claims that a remote worker holds; those that ended are struck off little by little */
  claimsOf(worker: string): string { return `${this.prefix}wc:${worker}`; }
  /** string with expiry: the tokens that a request of a remote worker got, so that a repeated request gets the same answer */
  claimRequest(request: string): string { return `${this.prefix}rq:${request}`; }
  /** set: lanes that may hold something */
  get lanes(): string { return `${this.prefix}lanes`; }
  /** hash: R ready, X running, W waiting -> how many tasks and items of all workflows of the shard; <letter>@<queue> of a queue other than the default one */
  get load(): string { return `${this.prefix}load`; }
  /** hash: worker -> when it was heard of, and what it said of itself as JSON; of the whole deployment, in shard 0 */
  get workers(): string { return `${this.prefix}workers`; }
  /** zset: until when a worker counts as alive, in ms -> worker; in shard 0 */
  get workersAlive(): string { return `${this.prefix}alive`; }
  /** zset: submission ms -> workflow; `all`, or by status letter */
  index(tenant: string, name: string): string { return `${this.prefix}ix:${tenant}:${name}`; }
  /** hash: a session (by the SHA-256 of tenant and id): id, tn tenant, v:<key> -> `<ms> <workflow>` that its context's key is of */
  session(session: string): string { return `${this.prefix}ss:${session}`; }
  /** hash: a session's context; key -> JSON text */
  sessionContext(session: string): string { return `${this.prefix}sc:${session}`; }
  /** zset: submission ms -> workflow of the session */
  sessionIndex(session: string): string { return `${this.prefix}sx:${session}`; }
  /** set: workflows of the session that wait for external keys, or did when they ended */
  sessionWaiting(session: string): string { return `${this.prefix}sw:${session}`; }
  /** set: workflows of the session whose exports it has not got */
  sessionExporters(session: string): string { return `${this.prefix}se:${session}`; }
  /** set: tenants that ever submitted here */
  get tenants(): string { return `${this.prefix}tn`; }
  /** stream: the feed; a step per script call that wrote to event logs, field e: a line `<workflow> <index of the entry>` per log */
  get feed(): string { return `${this.prefix}f`; }
  /** hash: who carries the shard's events to Kafka, token, until when in ms, at: id of the last step of the feed that Kafka has, passed: how many steps there ever were up to it */
  get relay(): string { return `${this.prefix}relay`; }
  /** hash with expiry: a command from Kafka by its id's SHA-256: p hash of what it says, o what came of it */
  command(tenant: string, idHash: string): string { return `${this.prefix}cmd:${tenant}:${idHash}`; }
  /** channel: {w: workflows with new events, q: units left waiting in lanes, x: a cancelled workflow, y: one some of whose claims were taken back, t: in how many ms the first of the timers that were set is due} */
  get wake(): string { return `${this.prefix}wake`; }
}

/** The keys of all shards of a deployment. */
export class ShardKeys {
  readonly #keys: Keys[];

  constructor(keyPrefix: string, shards: number) {
    this.#keys = Array.from({ length: shards }, (_, shard) => new Keys(shardPrefix(keyPrefix, shard)));
  }

  of(shard: number): Keys {
    return this.#keys[shard] as Keys;
  }

  all(): readonly Keys[] {
    return this.#keys;
  }

  /** @param session as engine/session.ts makes it of tenant and id: the shard is chosen by it */
  ofSession(session: string): Keys {
    return this.#keys[Buffer.from(session, "base64url").readUInt32BE(0) % this.#keys.length] as Keys;
  }

  /** @returns undefined for an id that no shard of this deployment can hold */
  ofWorkflow(workflowId: string): Keys | undefined {
    const shard = shardOf(workflowId);
    return shard === undefined ? undefined : this.#keys[shard];
  }
}
