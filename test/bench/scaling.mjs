/**
 * How cost grows: `node test/bench/scaling.mjs [--million] [--runs 3]` (after `npm run build`).
 *
 * 1. One fan-out of 1,000, 10,000 and 100,000 items (1,000,000 with --million) in one process: what an item costs, which must not grow with
 *    their number; smaller ones run often enough to be measured.
 * 2. The same fan-out of 20,000 items whose calls keep a processor busy for 50 us each, on one, two and four worker processes: how far more
 *    workers make it faster, and what is full then, the processors or Redis.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { loadConfig } from "../../dist/config.js";
import { createNode } from "../../dist/main.js";
import { Redis } from "ioredis";
import { startPrivateRedis } from "./redis.mjs";

const CALLER = { tenant: "default" };
const TERMINAL = ["WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED"];
const BUSY_US = 50;
const SPREAD_ITEMS = 20_000;

const work = { name: "work", description: "Hands back its input.", builtIn: false, light: true, run: ({ input }) => input };
const DEFINITION = {
  name: "fan-out", onFailure: "CONTINUE",
  groups: [{ name: "main", dependencies: [], tasks: [{
    name: "each", handler: "work", input: { i: "{{ i }}" }, dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL",
    expansion: { array: { i: "[1..n]" }, outputFormat: "MERGE", flatten: false, nested: false, failFast: false, onItemFailure: "DROP" },
  }] }],
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

async function fanOut(node, n) {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: DEFINITION, context: { n } });
  if (workflowId === undefined) throw new Error(problems[0].message);
  for await (const { status } of node.events.subscribe(workflowId, { types: TERMINAL })) {
    if (status !== "COMPLETED") throw new Error(`${workflowId} ended ${status}`);
    return workflowId;
  }
}

async function redisCpuUs(admin) {
  const text = await admin.info("cpu");
  const of = (field) => Number(new RegExp(`${field}:([\\d.]+)`).exec(text)[1]) * 1e6;
  return of("used_cpu_user_main_thread") + of("used_cpu_sys_main_thread");
}

async function withDeployment(config, run) {
  const redis = await startPrivateRedis();
  const admin = new Redis({ port: redis.port, host: "127.0.0.1", protocol: 2 });
  const node = await createNode(loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${redis.port}`, logLevel: "warn", ...config }), { handlers: [work] });
  try {
    return await run(node, redis, admin);
  } finally {
    await node.stop(0);
    admin.disconnect();
    await redis.stop();
  }
}

/** Microseconds per item, and bytes of Redis that one takes while it is kept. */
async function costOf(n, runs) {
  return withDeployment({}, async (node, redis, admin) => {
    await fanOut(node, 1_000);
    const repeats = Math.max(1, Math.round(20_000 / n));
    const figures = [];
    for (let run = 0; run < runs; run += 1) {
      const before = { ms: performance.now(), cpu: process.cpuUsage(), redis: await redisCpuUs(admin), bytes: await redis.usedMemory() };
      for (let i = 0; i < repeats; i += 1) await fanOut(node, n);
      const { user, system } = process.cpuUsage(before.cpu);
      const items = n * repeats;
      figures.push([((performance.now() - before.ms) * 1000) / items, (user + system) / items, ((await redisCpuUs(admin)) - before.redis) / items, ((await redis.usedMemory()) - before.bytes) / items]);
    }
    return [0, 1, 2, 3].map((column) => median(figures.map((figure) => figure[column])));
  });
}

/** Items per second on so many worker processes, and how much of the processors these and Redis had. */
async function spreadOver(count, runs) {
  return withDeployment({ worker: false }, async (node, redis, admin) => {
    const workers = Array.from({ length: count }, () => fork(new URL("./scalingWorker.mjs", import.meta.url), [String(redis.port), String(BUSY_US)]));
    const cpuOf = async () => (await Promise.all(workers.map(async (worker) => {
      worker.send("cpu");
      const [{ user, system }] = await once(worker, "message");
      return user + system;
    }))).reduce((sum, us) => sum + us, 0);
    try {
      await Promise.all(workers.map((worker) => once(worker, "message")));
      await fanOut(node, SPREAD_ITEMS / 10);
      const figures = [];
      for (let run = 0; run < runs; run += 1) {
        const before = { ms: performance.now(), workers: await cpuOf(), redis: await redisCpuUs(admin) };
        await fanOut(node, SPREAD_ITEMS);
        const wallUs = (performance.now() - before.ms) * 1000;
        figures.push([(SPREAD_ITEMS / wallUs) * 1e6, ((await cpuOf()) - before.workers) / wallUs, ((await redisCpuUs(admin)) - before.redis) / wallUs]);
      }
      return [0, 1, 2].map((column) => median(figures.map((figure) => figure[column])));
    } finally {
      await Promise.all(workers.map(async (worker) => {
        worker.disconnect();
        await once(worker, "exit");
      }));
    }
  });
}

const { values } = parseArgs({ options: { million: { type: "boolean" }, runs: { type: "string", default: "3" } } });
const runs = Number(values.runs);
process.stdout.write("items      us/item  process us  Redis us  Redis bytes/item\n");
for (const n of [1_000, 10_000, 100_000, ...(values.million ? [1_000_000] : [])]) {
  const [wall, cpu, redis, bytes] = await costOf(n, n >= 1_000_000 ? 1 : runs);
  process.stdout.write(`${n.toLocaleString("en").padEnd(10)} ${wall.toFixed(1).padStart(7)} ${cpu.toFixed(1).padStart(11)} ${redis.toFixed(2).padStart(9)} ${bytes.toFixed(0).padStart(17)}\n`);
}
process.stdout.write(`\n${SPREAD_ITEMS.toLocaleString("en")} items of ${BUSY_US} us, ${availableParallelism()} processors\nworkers  items/s  processors of workers  of Redis\n`);
for (const count of [1, 2, 4]) {
  const [rate, workers, redis] = await spreadOver(count, runs);
  process.stdout.write(`${String(count).padEnd(8)} ${Math.round(rate).toLocaleString("en").padStart(7)} ${workers.toFixed(2).padStart(22)} ${redis.toFixed(2).padStart(9)}\n`);
}
