/**
 * Compares Fanwire's HTTP side with Apollo's standalone server and Mercurius (compiled execution), all three with Fanwire's schema, resolvers
 * and Redis: `node test/bench/http.mjs [options]` (after `npm run build`).
 *
 *   --runs 5        measured runs of each; the median is shown
 *   --seconds 4     of each run
 *   --only list     one of the queries: list, small
 *   --sides a,b     some of the servers: fanwire, apollo, mercurius
 *   --json          one JSON document instead of the table
 *
 * Each server is a process of its own with NODE_ENV=production, so is the client (autocannon, 20 connections, one request each at a time).
 * On a machine with other work, the processor time that a server uses per request is steadier than requests per second; both are shown.
 * The sides take turns, so that all meet the same machine. Before they are measured, their answers are compared.
 */

import { execFile, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs, promisify } from "node:util";
import { QUERIES } from "./httpQuery.mjs";
import { startPrivateRedis } from "./redis.mjs";

const SIDES = ["fanwire", "apollo", "mercurius"];
const CONNECTIONS = 20;
const run = promisify(execFile);
const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));

function readOptions() {
  const { values } = parseArgs({
    options: { runs: { type: "string" }, seconds: { type: "string" }, only: { type: "string" }, sides: { type: "string" }, json: { type: "boolean" } },
  });
  return {
    runs: Number(values.runs ?? 5), seconds: Number(values.seconds ?? 4), json: values.json ?? false,
    only: values.only?.split(",") ?? Object.keys(QUERIES), sides: values.sides?.split(",") ?? SIDES,
  };
}

async function startSide(name, redisPort) {
  const child = fork(fileOf("./httpSide.mjs"), [name, String(redisPort)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"], env: { ...process.env, NODE_ENV: "production" },
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const { url } = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`${name} exited with ${code}`)));
  });
  /** Processor time that it has used, in microseconds. */
  const usedCpu = () => new Promise((resolve) => {
    child.once("message", ({ cpu }) => resolve(cpu.user + cpu.system));
    child.send("cpu");
  });
  return { name, url, usedCpu, stop: async () => { child.send("stop"); await exited; } };
}

async function load({ url, usedCpu }, query, seconds) {
  const before = await usedCpu();
  const { stdout } = await run(process.execPath, [fileOf("./httpLoad.mjs"), url, QUERIES[query].body, String(CONNECTIONS), String(seconds)]);
  const result = JSON.parse(stdout);
  return { ...result, cpuUs: (await usedCpu() - before) / (result.perSecond * seconds) };
}

/** @throws Error when a server answers otherwise than the first one */
async function compareAnswers(sides, query) {
  const answers = await Promise.all(sides.map(async ({ url }) => {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: QUERIES[query].body });
    return response.json();
  }));
  sides.forEach(({ name }, at) => {
    if (answers[at].errors !== undefined || !isDeepStrictEqual(answers[at], answers[0])) throw new Error(`${name} answers ${query} otherwise: ${JSON.stringify(answers[at]).slice(0, 300)}`);
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(sides, query, { runs, seconds }) {
  await compareAnswers(sides, query);
  const measured = new Map(sides.map(({ name }) => [name, []]));
  for (const side of sides) await load(side, query, 2);
  for (let index = 0; index < runs; index += 1) {
    for (const side of index % 2 === 0 ? sides : [...sides].reverse()) measured.get(side.name).push(await load(side, query, seconds));
  }
  return sides.map(({ name }) => {
    const results = measured.get(name);
    const rates = results.map(({ perSecond }) => perSecond);
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    if (failed > 0) throw new Error(`${name}: ${failed} requests failed`);
    return {
      query, side: name, perSecond: median(rates), slowest: Math.min(...rates), fastest: Math.max(...rates),
      cpuUs: median(results.map(({ cpuUs }) => cpuUs)), p50Ms: median(results.map(({ p50Ms }) => p50Ms)), p99Ms: median(results.map(({ p99Ms }) => p99Ms)),
    };
  });
}

function printTable(results) {
  const whole = (value) => Math.round(value).toLocaleString("en-US");
  for (const query of new Set(results.map((result) => result.query))) {
    const rows = results.filter((result) => result.query === query);
    const apollo = rows.find(({ side }) => side === "apollo");
    process.stdout.write(`${QUERIES[query].title}\n`);
    for (const { side, perSecond, slowest, fastest, cpuUs, p50Ms, p99Ms } of rows) {
      const ratio = apollo === undefined ? "" : `  ${(perSecond / apollo.perSecond).toFixed(2)}x Apollo, by processor time ${(apollo.cpuUs / cpuUs).toFixed(2)}x`;
      process.stdout.write(`  ${side.padEnd(10)} ${whole(perSecond).padStart(7)} requests/s (${whole(slowest)}-${whole(fastest)})  ${whole(cpuUs).padStart(6)} us of processor each  p50 ${p50Ms} ms  p99 ${p99Ms} ms${ratio}\n`);
    }
  }
}

async function main() {
  const options = readOptions();
  const redis = await startPrivateRedis();
  const sides = [];
  try {
    await (await startSide("seed", redis.port)).stop();
    for (const name of options.sides) sides.push(await startSide(name, redis.port));
    const results = [];
    for (const query of options.only) results.push(...(await measure(sides, query, options)));
    if (options.json) process.stdout.write(`${JSON.stringify({ node: process.version, results }, null, 2)}\n`);
    else printTable(results);
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    await redis.stop();
  }
}

await main();
