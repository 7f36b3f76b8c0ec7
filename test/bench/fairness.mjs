/**
 * What a flood does to others: `node test/bench/fairness.mjs [file.svg]` (after `npm run build`).
 *
 * One worker of 20 places, tasks of 5 ms. A tenant submits 10,000 workflows at once. Every 50 ms another tenant, and a tenant that uses a
 * small workflow beside one of 5,000 tasks, submit a workflow of one task, and so does the one that floods; shown is how long each of these
 * took, from its submission to its end.
 */

import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { loadConfig } from "../../dist/config.js";
import { createNode } from "../../dist/main.js";
import { startPrivateRedis } from "./redis.mjs";

const FLOOD = 10_000;
const WIDE = 5_000;
const TASK_MS = 5;
const EVERY_MS = 50;
const PLACES = 20;

const task = (name) => ({ name, handler: "work", dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL" });
const workflow = (name, tasks) => ({ name, onFailure: "CONTINUE", groups: [{ name: "main", dependencies: [], tasks }] });
const ONE = workflow("one", [task("a")]);

const work = { name: "work", description: "Takes some time.", builtIn: false, run: () => delay(TASK_MS, null) };
const TERMINAL = ["WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED"];

async function submit(node, tenant, definition) {
  const { workflowId, problems } = await node.engine.submitWorkflow({ tenant }, { definition });
  if (workflowId === undefined) throw new Error(problems[0].message);
  return workflowId;
}

async function finished(node, id) {
  for await (const event of node.events.subscribe(id, { types: TERMINAL })) return event;
  throw new Error(`The events of ${id} ended without a terminal one`);
}

/** Submits one workflow after another, every so often, until it is told to stop; answers what each took, as [since the start, ms]. */
async function probe(node, tenant, startMs, isOver) {
  const took = [];
  const running = [];
  while (!isOver()) {
    const sentMs = performance.now();
    running.push(submit(node, tenant, ONE).then((id) => finished(node, id)).then(() => took.push([sentMs - startMs, performance.now() - sentMs])));
    await delay(EVERY_MS);
  }
  await Promise.all(running);
  return took.sort(([a], [b]) => a - b);
}

function quantile(took, part) {
  const sorted = took.map(([, ms]) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

async function measure() {
  const redis = await startPrivateRedis();
  const config = loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${redis.port}`, logLevel: "warn", workerConcurrency: PLACES });
  const node = await createNode(config, { handlers: [work] });
  try {
    await finished(node, await submit(node, "quiet", ONE));
    const startMs = performance.now();
    const flood = Promise.all(Array.from({ length: FLOOD }, () => submit(node, "flooder", ONE)));
    const wide = await submit(node, "mixed", workflow("wide", Array.from({ length: WIDE }, (_, i) => task(`t${i}`))));
    let isOver = false;
    const probes = Object.fromEntries(await Promise.all(["flooder", "mixed", "quiet"].map(async (tenant) => [tenant, probe(node, tenant, startMs, () => isOver)])));
    await Promise.all([finished(node, wide), flood.then((ids) => finished(node, ids.at(-1)))]);
    isOver = true;
    return Object.fromEntries(await Promise.all(Object.entries(probes).map(async ([tenant, took]) => [tenant, await took])));
  } finally {
    await node.stop();
    await redis.stop();
  }
}

const LOOKS = {
  flooder: ["#c2410c", `the tenant with ${FLOOD.toLocaleString("en")} workflows before`],
  mixed: ["#0f766e", `a small workflow beside one of ${WIDE.toLocaleString("en")} tasks`],
  quiet: ["#1d4ed8", "another tenant"],
};
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [760, 300, 60, 40, 20];

/** Time across, what a workflow of one task took upwards, on a logarithmic scale from 1 ms to 100 s. */
function drawing(probes) {
  const lastMs = Math.max(...Object.values(probes).flat().map(([at]) => at));
  const x = (ms) => LEFT + (ms / lastMs) * (WIDTH - LEFT - 20);
  const y = (ms) => HEIGHT - BOTTOM - (Math.log10(Math.max(1, ms)) / 5) * (HEIGHT - BOTTOM - TOP);
  const lines = [1, 10, 100, 1_000, 10_000, 100_000].map((ms) => `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(ms)}" y2="${y(ms)}" stroke="#8884"/><text x="${LEFT - 8}" y="${y(ms) + 4}" text-anchor="end">${ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`}</text>`);
  const marks = Array.from({ length: Math.floor(lastMs / 1_000) + 1 }, (_, s) => `<text x="${x(s * 1_000)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${s} s</text>`);
  const dots = Object.entries(probes).map(([tenant, took]) => `<g fill="${LOOKS[tenant][0]}">${took.map(([at, ms]) => `<circle cx="${x(at).toFixed(1)}" cy="${y(ms).toFixed(1)}" r="2"/>`).join("")}</g>`);
  const legend = Object.values(LOOKS).map(([colour, text], i) => `<circle cx="${LEFT + 14}" cy="${TOP + 8 + i * 18}" r="4" fill="${colour}"/><text x="${LEFT + 26}" y="${TOP + 12 + i * 18}">${text}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#777">${[...lines, ...marks, ...dots, ...legend].join("\n")}</svg>\n`;
}

const probes = await measure();
for (const [tenant, took] of Object.entries(probes)) {
  console.log(`${LOOKS[tenant][1].padEnd(46)} ${String(took.length).padStart(4)} workflows: median ${quantile(took, 0.5).toFixed(0)} ms, p99 ${quantile(took, 0.99).toFixed(0)} ms, slowest ${quantile(took, 1).toFixed(0)} ms`);
}
if (process.argv[2]) await writeFile(process.argv[2], drawing(probes));
