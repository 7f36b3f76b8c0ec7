/** Whether Redis takes writes now: the one server, or of a cluster each node that has a shard. */

import { isCluster, type Redis } from "./connect.js";

const PATIENCE_MS = 2_000;

/** What is written to find out, in the slot of a shard of a cluster. */
export function readyKey(keyPrefix: string, shard: number): string {
  return `${keyPrefix}:ready:{s${shard}}`;
}

export class Readiness {
  #asking: Promise<boolean> | undefined;

  /** @param write one that counts as accepted when it resolves */
  constructor(private readonly keys: readonly string[], private readonly write: (key: string, value: string) => Promise<unknown>) {}

  static of(redis: Redis, keyPrefix: string, shards: number, write: (key: string, value: string) => Promise<unknown>): Readiness {
    const keys = isCluster(redis) ? Array.from({ length: shards }, (_, shard) => readyKey(keyPrefix, shard)) : [`${keyPrefix}:ready`];
    return new Readiness(keys, write);
  }

  /** No answer within some time is one as well: a write waits for as long as Redis is away. Until it is back nobody asks again. */
  async ask(): Promise<boolean> {
    this.#asking ??= Promise.all(this.keys.map((key) => this.write(key, String(Date.now()))))
      .then(() => true, () => false)
      .finally(() => { this.#asking = undefined; });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS, false); });
    return Promise.race([this.#asking, late]).finally(() => clearTimeout(timer));
  }
}
