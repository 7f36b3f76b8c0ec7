/** What the sweeper asks of Redis: workflows that run, their ready units, and whether these are in their lanes. */

import type { Redis } from "./connect.js";
import { commonFlow, ownFlow } from "../engine/flows.js";
import { laneMark, markedLane } from "../engine/lanes.js";
import type { LaneRepair as LaneRepairPort, QueuedUnit, ReadyUnit } from "../engine/Sweeper.js";
import { nodeKey, readNodeKey } from "../engine/nodeKey.js";
import { priorityIn } from "../engine/workflowLanes.js";
import type { Keys, ShardKeys } from "./keys.js";
import { readCounts } from "./records.js";
import { PHASE } from "./wire.js";

const WORKFLOWS_PER_STEP = 50;
/** Lanes longer than this are not searched: whoever works them off comes to the end of what is in them first. */
const LONGEST_SEARCHED = 10_000;

export class LaneRepair implements LaneRepairPort {
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys) {}

  async openWorkflows(shard: number, position: string | undefined): Promise<{ ids: string[]; next?: string }> {
    const keys = this.shards.of(shard);
    const indexes = (await this.redis.smembers(keys.tenants)).sort().flatMap((tenant) => [keys.index(tenant, "P"), keys.index(tenant, "R")]);
    const [at, cursor] = position === undefined ? [0, "0"] : (position.split(" ", 2) as [string, string]);
    const index = indexes[Number(at)];
    if (index === undefined) return { ids: [] };
    const [after, members] = await this.redis.zscan(index, cursor, "COUNT", WORKFLOWS_PER_STEP);
    const ids = members.filter((_, i) => i % 2 === 0);
    if (after !== "0") return { ids, next: `${at} ${after}` };
    return Number(at) + 1 < indexes.length ? { ids, next: `${Number(at) + 1} 0` } : { ids };
  }

  async readyUnits(workflowId: string, forMs: number): Promise<ReadyUnit[]> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return [];
    const [n, sub, lanes, tenant] = await this.redis.hmget(keys.workflow(workflowId), "n", "sub", "ln", "tn");
    if (n == null) return [];
    // A task that waits for its output to be collected counts as none of these; it is looked for when nothing else goes on.
    const { ready, running, waiting } = readCounts(n);
    if (ready === 0 && running + waiting > 0) return [];
    const dueMs = Date.now() - forMs - Number(sub);
    const marks = marksOf(workflowId, tenant ?? "", priorityIn(lanes));
    return Object.entries(await this.redis.hgetall(keys.workflow(workflowId))).flatMap(([field, record]) => readyUnit(workflowId, field, record, dueMs)).map((unit) => ({ ...unit, marks }));
  }

  async queueLost(shard: number, units: readonly QueuedUnit[]): Promise<number> {
    const keys = this.shards.of(shard);
    let queued = 0;
    for (const unit of units) {
      const [{ lane, entry }, own] = unit.marks.map((mark) => entryOf(keys, unit, mark)) as [LaneEntry, LaneEntry];
      if ((await this.#mayHold(lane, entry)) || (await this.#mayHold(own.lane, entry)) || !(await this.#isReady(keys, unit))) continue;
      await this.redis.multi().rpush(lane, entry).sadd(keys.lanes, lane).exec();
      queued++;
    }
    if (queued > 0) await this.redis.publish(keys.wake, JSON.stringify({ w: [], q: queued }));
    return queued;
  }

  /** Asked last: it may have been claimed out of the lane before that was searched. */
  async #isReady(keys: Keys, { workflowId, node, path, unit, attempt }: QueuedUnit): Promise<boolean> {
    const field = unit === "-" ? String(nodeKey(node, path)) : `${nodeKey(node, path)}:${unit}`;
    return (await this.redis.hget(keys.workflow(workflowId), field))?.startsWith(`R ${attempt} `) ?? false;
  }

  async #mayHold(lane: string, entry: string): Promise<boolean> {
    return (await this.redis.llen(lane)) > LONGEST_SEARCHED || (await this.redis.lpos(lane, entry)) !== null;
  }
}

interface LaneEntry { lane: string; entry: string }

/** What the workflow adds to its lanes in the flow that it shares, and in its own. */
export function marksOf(workflowId: string, tenant: string, priority = 0): readonly [common: string, own: string] {
  return [laneMark(priority, commonFlow(tenant)), laneMark(priority, ownFlow(tenant, workflowId))];
}

/** Records of tasks are in fields `<task>`, those of units in `<task>:<unit>`. @param dueMs since submission */
function readyUnit(workflowId: string, field: string, record: string, dueMs: number): Omit<ReadyUnit, "marks">[] {
  const match = /^([\d.@]+)(?::(\S+))?$/.exec(field);
  if (!match || !record.startsWith("R ")) return [];
  const parts = record.split(" ");
  const phase = PHASE[parts[8] as string];
  if (!phase || Number(parts[4]) > dueMs) return [];
  return [{ workflowId, ...readNodeKey(match[1] as string), unit: match[2] ?? "-", attempt: Number(parts[1]), phase }];
}

/** As pushUnit of lua/include/lanes.lua writes it. */
export function entryOf(keys: Keys, { workflowId, node, path, unit, attempt, lane: planned }: Omit<QueuedUnit, "phase" | "marks">, mark: string): LaneEntry {
  const lane = markedLane(planned, mark);
  const at = lane.lastIndexOf("~");
  return { lane: keys.lane(lane.slice(0, at)), entry: `${workflowId} ${nodeKey(node, path)} ${unit} ${attempt} ${lane.slice(at + 1)}` };
}
