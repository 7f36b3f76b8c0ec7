/** Ids of workflows: the shard, then a ULID, so that ids sort by submission and one look tells where a workflow lives. */

import { randomFillSync } from "node:crypto";
import { monotonicFactory } from "ulid";

const pool = new Uint8Array(4096);
let used = pool.length;

/** 0 inclusive to 1 exclusive. The library asks once per character, which by single calls costs more than all else of a submission. */
function random(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return (pool[used++] as number) / 256;
}

const ulid = monotonicFactory(random);

export function newWorkflowId(shard: number): string {
  return `s${shard}-${ulid()}`;
}
