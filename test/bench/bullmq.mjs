/** BullMQ's side: flows for joins, a handler that adds the next job for chains, and the settings that measured best. */

import { FlowProducer, Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";

const QUEUE = "bench";
/** More brought nothing on two cores (100 and 500 compared), fewer lost. */
const CONCURRENCY = 50;

/** @returns a side as workloads.mjs describes it; `keep` decides whether finished jobs stay in Redis */
export async function createBullmqSide({ redisPort }) {
  const connect = () => new Redis({ port: redisPort, host: "127.0.0.1", protocol: 2, maxRetriesPerRequest: null });
  const side = { keep: false };
  const jobOptions = (jobId) => ({ removeOnComplete: !side.keep, ...(jobId === undefined ? {} : { jobId }) });
  const queue = new Queue(QUEUE, { connection: connect() });
  const flows = new FlowProducer({ connection: connect() });
  const job = (name, data, jobId) => ({ name, queueName: QUEUE, data, opts: jobOptions(jobId) });

  const handlers = {
    task: ({ data }) => ({ i: data.i }),
    join: async (current) => ({ n: Object.keys(await current.getChildrenValues()).length }),
    step: async ({ data: { i, last, lastId } }) => {
      if (i < last) await queue.add("step", { i: i + 1, last, lastId }, jobOptions(i + 1 === last ? lastId : undefined));
      return { i };
    },
    // B, C and D need A's result, which no static flow can express: a flow is a tree.
    A: async ({ data: { i, lastId } }) => {
      await flows.add({ ...job("join", { i }, lastId), children: ["B", "C", "D"].map(() => job("task", { i })) });
      return { i };
    },
  };
  const worker = new Worker(QUEUE, (current) => handlers[current.name](current), { connection: connect(), concurrency: CONCURRENCY });
  const events = new QueueEvents(QUEUE, { connection: connect() });
  const waiting = new Map();
  events.on("completed", ({ jobId, returnvalue }) => {
    waiting.get(jobId)?.resolve(returnvalue);
    waiting.delete(jobId);
  });
  const giveUp = (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("failed", (_, error) => giveUp(error));
  worker.on("error", giveUp);
  await Promise.all([worker.waitUntilReady(), events.waitUntilReady(), queue.waitUntilReady(), flows.waitUntilReady()]);

  let lastId = 0;
  const nextId = () => `end-${lastId += 1}`;
  const completed = (jobId) => new Promise((resolve, reject) => waiting.set(jobId, { resolve, reject }));
  const expectResult = (result, field, expected) => {
    if (result?.[field] !== expected) throw new Error(`BullMQ ended with ${JSON.stringify(result)}, expected ${field} ${expected}`);
  };

  return Object.assign(side, {
    async fanOut(size) {
      const id = nextId();
      const end = completed(id);
      await flows.add({ ...job("join", {}, id), children: Array.from({ length: size }, (_, i) => job("task", { i })) });
      expectResult(await end, "n", size);
    },
    async chain(size) {
      const id = nextId();
      const end = completed(id);
      await queue.add("step", { i: 1, last: size, lastId: id }, jobOptions(size === 1 ? id : undefined));
      expectResult(await end, "i", size);
    },
    async diamond() {
      const id = nextId();
      const end = completed(id);
      await queue.add("A", { i: 1, lastId: id }, jobOptions());
      expectResult(await end, "n", 3);
    },
    async single() {
      const id = nextId();
      const end = completed(id);
      await queue.add("task", { i: 1 }, jobOptions(id));
      expectResult(await end, "i", 1);
    },
    async stop() {
      await Promise.all([worker.close(), events.close(), queue.close(), flows.close()]);
    },
  });
}
