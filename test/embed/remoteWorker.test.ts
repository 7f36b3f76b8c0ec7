/** Workers that have nothing but a server's API: what they run, how they lose it, and how they stop. */

import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createClient, type FanwireClient } from "../../src/client/FanwireClient.js";
import type { TaskInput } from "../../src/client/generated/graphql.js";
import { RemoteWorker, type RemoteWorkerOptions } from "../../src/embed/RemoteWorker.js";
import { defineHandler } from "../../src/engine/defineHandler.js";
import type { Handler } from "../../src/engine/handlers.js";
import { FanwireError } from "../../src/errors.js";
import { freePort } from "../support/ports.js";
import { testPrefix } from "../support/testNode.js";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let client: FanwireClient;
const workers: RemoteWorker[] = [];
beforeAll(async () => {
  server = await startTestServer();
  client = createClient({ url: server.url });
});
afterAll(() => server?.stop());
afterEach(async () => { await Promise.all(workers.splice(0).map((worker) => worker.stop())); });

async function start(handlers: Handler[], options: Partial<RemoteWorkerOptions> = {}): Promise<RemoteWorker> {
  const worker = new RemoteWorker({ url: server.url, handlers, env: {}, logLevel: "silent", stopGraceMs: 0, ...options });
  workers.push(worker);
  await worker.start();
  return worker;
}
const submit = async (...tasks: TaskInput[]): Promise<string> => (await client.submit({ definition: { name: "far", groups: [{ name: "g", tasks }] } })).id;

/** A handler that notes when it begins, and runs until it is aborted. */
function holding(name: string, beatMs?: number): Handler & { started: number; aborted: unknown[] } {
  const handler = {
    started: 0, aborted: [] as unknown[], name, description: "", builtIn: false,
    async run({ signal, heartbeat }: { signal: AbortSignal; heartbeat(): void }): Promise<null> {
      handler.started += 1;
      const timer = beatMs === undefined ? undefined : setInterval(heartbeat, beatMs);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      clearInterval(timer);
      handler.aborted.push(signal.reason);
      return null;
    },
  };
  return handler;
}

describe("a worker over the API", () => {
  test("runs tasks and items with their schemas, progress and errors, all attempts under one key", async () => {
    const keys: string[] = [];
    await start([
      defineHandler({
        name: "far_double", input: z.number(), output: z.number(),
        run({ input, progress, idempotencyKey, attempt }) {
          keys.push(idempotencyKey);
          progress(50, "half", { input });
          if (attempt === 1 && input === 2) throw new Error("once more");
          return input * 2;
        },
      }),
      defineHandler({ name: "far_refuse", run() { throw new FanwireError("CLOSED", "on sundays", { retryable: false, details: { day: 7 } }); } }),
    ]);
    const id = await submit(
      { name: "each", handler: "far_double", input: "{{ n }}", expansion: { array: { n: "[1, 2, 3]" } }, retry: { initialDelay: "1ms" } },
      { name: "sum", handler: "transform", input: { expression: "$sum($)", data: "{{ each }}" } },
      { name: "no", handler: "far_refuse", onFailure: "IGNORE" }, { name: "bad", handler: "far_double", input: "x", onFailure: "IGNORE" },
    );
    const told: unknown[] = [];
    for await (const event of client.watch(id)) if (event.__typename === "TaskEvent" && event.type !== "TASK_READY") told.push([event.type, event.task, event.progress?.data ?? event.error?.code]);
    expect(await client.ended(id)).toMatchObject({ status: "COMPLETED", context: { each: [2, 4, 6], sum: 12 } });
    expect(told).toEqual(expect.arrayContaining([["TASK_PROGRESS", "g.each", { input: 3 }], ["TASK_RETRYING", "g.each", "HANDLER_ERROR"], ["TASK_FAILED", "g.no", "CLOSED"], ["TASK_FAILED", "g.bad", "INPUT_INVALID"]]));
    expect(keys.filter((key) => key === `${id}/g.each[1]`)).toHaveLength(2);
  });

  test("stops what is cancelled: the handler's signal fires", async () => {
    const hold = holding("far_hold");
    await start([hold], { leaseMs: 1_000 });
    const id = await submit({ name: "t", handler: "far_hold" });
    await waitFor(() => hold.started === 1, { what: "the handler to be called" });
    await client.cancel(id);
    await waitFor(() => hold.aborted.length === 1, { what: "its signal to fire" });
    expect(hold.aborted[0]).toMatchObject({ code: "CANCELLED" });
  });

  test("does not pass its own life off as its handlers': one that is silent for too long is out of time, one that sends heartbeats is not", async () => {
    const [silent, loud] = [holding("far_silent"), holding("far_loud", 100)];
    await start([silent, loud], { leaseMs: 1_000 });
    const loudId = await submit({ name: "t", handler: "far_loud", heartbeatTimeout: "800ms" });
    const id = await submit({ name: "t", handler: "far_silent", heartbeatTimeout: "800ms" });
    expect((await client.ended(id)).error).toMatchObject({ code: "TIMEOUT" });
    await waitFor(() => silent.aborted.length === 1, { what: "its signal to fire" });
    expect({ aborted: loud.aborted, status: (await client.workflow(loudId))?.status }).toEqual({ aborted: [], status: "RUNNING" });
    await client.cancel(loudId);
  });

  test("that is stopped hands back what it cannot finish: another one runs the same attempt, long before the lease ends", async () => {
    const hold = holding("far_handed");
    const first = await start([hold], { leaseMs: 3_600_000 });
    const id = await submit({ name: "t", handler: "far_handed" });
    await waitFor(() => hold.started === 1, { what: "the handler to be called" });
    await start([defineHandler({ name: "far_handed", run: ({ attempt }) => `attempt ${attempt} by another` })], { leaseMs: 3_600_000 });
    await first.stop();
    expect(hold.aborted).toHaveLength(1);
    expect(await client.ended(id)).toMatchObject({ status: "COMPLETED", context: { t: "attempt 1 by another" } });
  });

  test("that is stopped lets what runs end in its time, and claims nothing more", async () => {
    let letGo = (): void => undefined;
    let calls = 0;
    const brief = defineHandler({ name: "far_brief", run: () => new Promise<string>((resolve) => { calls += 1; letGo = () => resolve("ended"); }) });
    const worker = await start([brief], { stopGraceMs: 60_000 });
    const id = await submit({ name: "t", handler: "far_brief" });
    await waitFor(() => calls === 1, { what: "the handler to be called" });
    const stopped = worker.stop();
    const later = await submit({ name: "t", handler: "far_brief" });
    letGo();
    await stopped;
    expect(await client.ended(id)).toMatchObject({ context: { t: "ended" } });
    expect({ calls, status: (await client.workflow(later))?.status }).toEqual({ calls: 1, status: "PENDING" });
    await client.cancel(later);
  });

  test("and a client that watches live through a server that goes and comes back: the result is recorded, every event told once", async () => {
    const config = { port: await freePort(), keyPrefix: testPrefix() };
    const before = await startTestServer({ config });
    let letGo = (): void => undefined;
    let calls = 0;
    await start([defineHandler({ name: "far_long", run: () => new Promise<string>((resolve) => { calls += 1; letGo = () => resolve("while nobody was there"); }) })], { url: before.url });
    const watcher = createClient({ url: before.url });
    const { id } = await watcher.submit({ definition: { name: "far", groups: [{ name: "g", tasks: [{ name: "t", handler: "far_long" }] }] } });
    const seqs: number[] = [];
    let reconnecting = false;
    const watched = (async () => { for await (const { seq } of watcher.watch(id, { onReconnect: () => { reconnecting = true; } })) seqs.push(seq); })();
    await waitFor(() => calls === 1 && seqs.length > 3, { what: "the handler to be called, and watched" });
    await before.stop();
    letGo();
    await waitFor(() => reconnecting, { what: "the watcher to lose its connection" });
    const after = await startTestServer({ config });
    try {
      await watched;
      expect(await watcher.ended(id)).toMatchObject({ status: "COMPLETED", context: { t: "while nobody was there" } });
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(calls).toBe(1);
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    } finally {
      await after.stop();
    }
  });

  test("fails a result that the server does not take, instead of making it again and again", async () => {
    await start([defineHandler({ name: "far_huge", run: () => "x".repeat(11 * 1024 * 1024) })]);
    expect((await client.ended(await submit({ name: "t", handler: "far_huge" }))).error).toMatchObject({ code: "RESULT_INVALID" });
  });

  test("says at its start that nobody answers, or that it may not", async () => {
    await expect(start([defineHandler({ name: "a", run: () => null })], { url: "http://127.0.0.1:9" })).rejects.toMatchObject({ kind: "UNREACHABLE" });
    await expect(start([defineHandler({ name: "a", run: () => null })], { id: "no name" })).rejects.toMatchObject({ kind: "REFUSED", problems: [{ path: "workerId" }] });
  });
});
