/** The list of workflows over the shards' indexes: walked by pages of any size, every workflow comes once and in its place. */

import { expect, test } from "vitest";
import type { WorkflowSnapshot } from "../../src/engine/snapshot.js";
import { ShardKeys } from "../../src/store/keys.js";
import { WorkflowIndex } from "../../src/store/WorkflowIndex.js";
import type { WorkflowReader } from "../../src/store/WorkflowReader.js";
import { sharedRedis } from "../support/redisServer.js";
import { testPrefix } from "../support/testNode.js";
import { withRedis } from "../support/withRedis.js";

const SHARDS = 3;

test.each([1, 2, 3, 7, 50])("by pages of %i, with many of the same millisecond and shards of very different sizes", async (size) => {
  await withRedis({ port: sharedRedis().port }, async (redis) => {
    const shards = new ShardKeys(testPrefix(), SHARDS);
    const all = Array.from({ length: 60 }, (_, i) => ({ shard: i < 40 ? 0 : 1 + (i % 2), ms: 1_000 + Math.floor(i / 6), id: "" }))
      .map((entry, i) => ({ ...entry, id: `s${entry.shard}-${String(i).padStart(26, "0")}` }));
    for (const { shard, ms, id } of all) await redis.zadd(shards.of(shard).index("default", "all"), ms, id);
    const msOf = new Map(all.map(({ id, ms }) => [id, ms]));
    const reader = { snapshots: async (ids: readonly string[]) => ids.map((id) => ({ id, submittedMs: msOf.get(id), status: "RUNNING", labels: {} }) as WorkflowSnapshot) };
    const index = new WorkflowIndex(redis, shards, reader as WorkflowReader);
    const expected = [...all].sort((a, b) => b.ms - a.ms || (b.id < a.id ? -1 : 1)).map(({ id }) => id);

    const forwards: string[] = [];
    for (let after: string | undefined, more = true; more;) {
      const page = await index.list("default", {}, { first: size, ...(after === undefined ? {} : { after }) });
      forwards.push(...page.edges.map(({ node }) => node.id));
      [after, more] = [page.edges.at(-1)?.cursor, page.hasNextPage];
      expect(page.totalCount).toBe(all.length);
    }
    expect(forwards).toEqual(expected);

    const backwards: string[] = [];
    for (let before: string | undefined, more = true; more;) {
      const page = await index.list("default", {}, { last: size, ...(before === undefined ? {} : { before }) });
      backwards.unshift(...page.edges.map(({ node }) => node.id));
      [before, more] = [page.edges[0]?.cursor, page.hasPreviousPage];
    }
    expect(backwards).toEqual(expected);
  });
});
