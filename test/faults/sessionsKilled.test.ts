/** Processes that are killed when they have just ended what exports: every session gets it, and everyone who waits for it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { oneGroup, task } from "../support/builders.js";
import { start, logOf } from "../engine/control/support.js";
import { reader } from "../engine/sessions/support.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft } from "./checks.js";
import { compileWorker, type CompiledWorker } from "./compiledWorker.js";
import { elsewhere } from "./handlers.js";
import { Ledger, WorkerPool } from "./workerProcesses.js";

const LEASE_MS = 800;
const SESSIONS = 24;
const KILLS = 8;

let ledger: Ledger;
let compiled: CompiledWorker;
/** Another deployment's, which looks at Redis while no process of this one but those that die is there. */
let onlooker: FanwireNode;
const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));

beforeAll(async () => {
  ledger = await Ledger.create();
  compiled = await compileWorker();
  onlooker = await startTestNode({ config: { worker: false } });
});
afterAll(async () => {
  await onlooker.stop();
  await ledger.remove();
  await compiled.remove();
});

const startNode = (): Promise<FanwireNode> => startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });

/** A workflow that waits, and one that exports what that waits for, in each of many sessions. */
async function submitAll(): Promise<{ waiting: string[]; exporting: string[] }> {
  const node = await startNode();
  const waiting: string[] = [];
  const exporting: string[] = [];
  for (let n = 0; n < SESSIONS; n++) {
    waiting.push(await start(node, { definition: reader("k"), sessionId: `s${n}` }));
    exporting.push(await start(node, { definition: { ...oneGroup(task("k", { handler: "slow", input: { value: n, ms: 60 } })), exports: ["k"] }, sessionId: `s${n}` }));
  }
  await node.stop();
  return { waiting, exporting };
}

test("no export and no key that is waited for is lost with a process that carries it", async () => {
  const { waiting, exporting } = await submitAll();
  const pool = new WorkerPool({ script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 2, ledger: ledger.path }, 2);
  const ended = async (): Promise<boolean> => (await Promise.all(waiting.map((id) => onlooker.redis.hget(keys.workflow(id), "st")))).every((status) => status === "C");
  try {
    for (let seen = 0, kills = 0; kills < KILLS; kills++) {
      const last = await waitFor(async () => {
        const ends = ledger.lines().filter(({ what }) => what === "end");
        return ends.length > seen ? ends.at(-1) : (await ended()) ? "over" : undefined;
      }, { what: "a handler to end", timeoutMs: 20_000 });
      if (last === "over") break;
      seen = ledger.lines().filter(({ what }) => what === "end").length;
      await [...pool.workers].find(({ pid }) => pid === last.pid)?.kill();
    }
    expect(pool.deaths).toBeGreaterThanOrEqual(4);
    await waitFor(ended, { what: "all that wait to end", timeoutMs: 30_000 });
  } finally {
    await pool.stop();
  }
  const node = await startNode();
  for (let n = 0; n < SESSIONS; n++) {
    expect(await node.engine.sessionContext(CALLER, `s${n}`)).toEqual({ k: n });
    expect(await node.engine.context(waiting[n] as string)).toEqual({ k: n, got: n });
    for (const id of [waiting[n], exporting[n]]) await logOf(node, id as string);
  }
  await expectNothingLeft(node, keyPrefix);
  await node.stop();
}, 90_000);
