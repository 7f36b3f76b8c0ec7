/**
 * Compares Fanwire with BullMQ on the same machine in the same minutes: `npm run bench -- [options]` (after `npm run build`).
 *
 *   --only w1,w3   these workloads alone
 *   --runs 3       measured runs of each; the median is shown
 *   --quick        a tenth of the size, one run unless --runs says otherwise: shows that it works, not how fast it is
 *   --json         one JSON document instead of the table
 *
 * w1  one fan-out of 10,000 items, and a task that joins their results
 * w2  a chain of 1,000 tasks, each with its predecessor's result
 * w3  2,000 workflows of five tasks (A, then B, C and D, then E), 100 in flight
 * w4  500 workflows of one task, one after another: the time from submitting to knowing that it ended
 *
 * Handlers do nothing but hand back their small input ({"i": 17}) on both sides. Each side is one process (submitting and
 * working), with a redis-server of its own on loopback, AOF on with everysec. The sides take turns, one run each, so that
 * both meet the same machine; before the first measured run comes one of a tenth of the size. Runs check what came out.
 * Fanwire records every event and writes every result to the context. BullMQ removes finished jobs while it is timed, its
 * fastest way; memory is compared in a run of its own, in which it keeps jobs as Fanwire keeps results.
 */

import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { startPrivateRedis } from "./redis.mjs";
import { formatTable, summarise } from "./report.mjs";
import { SIDES, WORKLOADS } from "./workloads.mjs";

const USAGE = "Usage: npm run bench -- [--only w1,w2,w3,w4] [--runs N] [--quick] [--json]";

function readOptions() {
  const { values } = parseArgs({
    options: { only: { type: "string" }, runs: { type: "string" }, quick: { type: "boolean" }, json: { type: "boolean" } },
  });
  const only = values.only?.split(",") ?? Object.keys(WORKLOADS);
  const unknown = only.filter((name) => !(name in WORKLOADS));
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (unknown.length > 0) throw new TypeError(`There is no workload ${unknown.join(", ")}`);
  if (!Number.isInteger(runs) || runs < 1) throw new TypeError("--runs must be a whole number from 1 on");
  return { only, runs, scale: values.quick ? 0.1 : 1, json: values.json ?? false };
}

/** A side in its own process, so that neither's garbage or idle timers slow the other. */
async function startSide(name) {
  const redis = await startPrivateRedis();
  const child = fork(new URL("./side.mjs", import.meta.url), [name, String(redis.port)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const answer = () => new Promise((resolve, reject) => {
    const gone = (code) => reject(new Error(`${name} exited with ${code}`));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      if (message.error === undefined) resolve(message);
      else reject(new Error(`${name}: ${message.error}`));
    });
  });
  const stop = async () => {
    if (child.connected) child.send({ stop: true });
    await exited;
    await redis.stop();
  };
  try {
    await answer();
  } catch (error) {
    child.kill();
    await stop();
    throw error;
  }
  return {
    stop,
    async run(workload, size, keep) {
      const before = await redis.usedMemory();
      child.send({ workload, size, keep });
      const outcome = await answer();
      return { ...outcome, bytesPerTask: (await redis.usedMemory() - before) / outcome.tasks };
    },
  };
}

/** Every workload on both sides, in turns; the side that begins changes from run to run. */
async function measure(options, sides) {
  const results = [];
  for (const workload of options.only) {
    const size = Math.max(1, Math.round(WORKLOADS[workload].size * options.scale));
    const runs = Object.fromEntries(SIDES.map((side) => [side, []]));
    const kept = {};
    for (const side of SIDES) await sides[side].run(workload, Math.ceil(size / 10), false);
    for (let run = 0; run < options.runs; run += 1) {
      for (const side of run % 2 === 0 ? SIDES : [...SIDES].reverse()) runs[side].push(await sides[side].run(workload, size, false));
    }
    if (WORKLOADS[workload].memory) for (const side of SIDES) kept[side] = (await sides[side].run(workload, size, true)).bytesPerTask;
    results.push(summarise(workload, size, runs, kept));
    if (!options.json) process.stderr.write(`${workload} done\n`);
  }
  return results;
}

async function main() {
  let options;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const sides = {};
  try {
    for (const side of SIDES) sides[side] = await startSide(side);
    const results = await measure(options, sides);
    process.stdout.write(options.json ? `${JSON.stringify({ node: process.version, runs: options.runs, results }, null, 2)}\n` : formatTable(results));
  } finally {
    await Promise.all(Object.values(sides).map((side) => side.stop()));
  }
}

await main();
