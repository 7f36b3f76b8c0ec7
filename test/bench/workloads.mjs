/** What is run, in terms that both sides implement: fanOut, chain, diamond and single each resolve when all has ended well. */

export const SIDES = ["fanwire", "bullmq"];

/** How many of the small workflows are in flight at once. */
const IN_FLIGHT = 100;

/** size: at full scale; tasks: how many tasks that makes; memory: whether finished tasks are weighed. */
export const WORKLOADS = {
  w1: { title: "fan-out", size: 10_000, memory: true, tasks: (size) => size + 1, run: (side, size) => side.fanOut(size) },
  w2: { title: "chain", size: 1_000, tasks: (size) => size, run: (side, size) => side.chain(size) },
  w3: { title: "small workflows", size: 2_000, memory: true, tasks: (size) => size * 5, run: (side, size) => inFlight(size, () => side.diamond()) },
  w4: { title: "single tasks", size: 500, tasks: (size) => size, run: (side, size) => latencies(size, () => side.single()) },
};

async function inFlight(count, work) {
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, lane));
}

async function latencies(count, work) {
  const measuredMs = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    await work();
    measuredMs.push(performance.now() - startMs);
  }
  return measuredMs;
}
