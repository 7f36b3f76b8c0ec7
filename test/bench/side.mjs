/** One side's process: `side.mjs <fanwire|bullmq> <redis port>`; runs what the parent sends and answers what it took. */

import { WORKLOADS } from "./workloads.mjs";

const [name, port] = process.argv.slice(2);

async function createSide() {
  const redisPort = Number(port);
  if (name === "bullmq") return (await import("./bullmq.mjs")).createBullmqSide({ redisPort });
  return (await import("./fanwireSide.mjs")).createFanwireSide({ redisPort });
}

async function measured(side, { workload, size, keep }) {
  const { run, tasks } = WORKLOADS[workload];
  side.keep = keep;
  const startMs = performance.now();
  const latenciesMs = await run(side, size);
  return { tasks: tasks(size), wallMs: performance.now() - startMs, latenciesMs };
}

async function main() {
  const side = await createSide();
  process.on("message", (message) => {
    if (message.stop) return void side.stop().finally(() => process.disconnect());
    measured(side, message).then((outcome) => process.send(outcome), (error) => process.send({ error: String(error?.stack ?? error) }));
  });
  // Without its parent nobody would stop it.
  process.on("disconnect", () => process.exit());
  process.send({ ready: true });
}

await main();
