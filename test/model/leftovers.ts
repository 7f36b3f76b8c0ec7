/** Looks for what a workflow should not leave behind in Redis once it has ended. */

import type { Redis } from "../../src/store/connect.js";
import type { Keys } from "../../src/store/keys.js";
import type { Plan } from "../../src/workflow/plan.js";

/**
 * Fields of the workflow's hash that only serve its running: open dependencies, delayed results, groups, units, deadlines, places, what is
 * owed, and all that belongs to an instance of an expanded group. When external keys came is kept: retryWorkflow asks.
 */
const COORDINATION = /^(?!k:)(o\d+|g\d+|d\d+|y\d+.*|u[tgw].*|c\d+|cw|.*:.*|.*@.*|cmp.*|vd)$/;

export async function coordinationFields(redis: Redis, keys: Keys, workflowId: string): Promise<string[]> {
  return (await redis.hkeys(keys.workflow(workflowId))).filter((field) => COORDINATION.test(field));
}

/** Whether a field tells of a compensation in an instance: that is shown for as long as its workflow is, though the instance is packed. */
export function tellsOfCompensation({ compensationsFrom }: Plan, field: string): boolean {
  return Number(/^[a-z]?(\d+)@[\d.]+$/.exec(field)?.[1] ?? -1) >= compensationsFrom;
}

/** Units in lanes, leases, timers other than those of retention, anything still counted as open: none, once nothing runs and nothing waits. */
export async function coordinationLeft(redis: Redis, keys: Keys): Promise<string[]> {
  const lanes = await redis.keys(keys.lane("*"));
  const held = await redis.keys(keys.held("*", "*"));
  const leases = (await redis.hkeys(keys.leases)).filter((field) => field !== "n");
  const timers = (await redis.zrange(keys.timers, 0, -1)).filter((member) => !member.startsWith("X "));
  const load = Object.entries(await redis.hgetall(keys.load)).filter(([, count]) => count !== "0");
  return [...load.map(([name, count]) => `load ${name} ${count}`), ...lanes, ...held, ...leases.map((field) => `lease ${field}`), ...timers];
}

/** What watches over sub-workflows a little longer, and over tasks that wait for one, looks now. */
export async function hastenWatches(redis: Redis, { timers }: Keys): Promise<void> {
  for (const member of await redis.zrange(timers, 0, -1)) if (/^[VD] /.test(member)) await redis.zadd(timers, "XX", 1, member);
}
