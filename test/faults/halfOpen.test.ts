/** Connections to Redis that stay open and on which nothing comes any more: they are replaced, and the work goes on. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { connect, type Connections } from "../../src/store/connect.js";
import { oneGroup, task } from "../support/builders.js";
import { startTcpProxy, type TcpProxy } from "../support/tcpProxy.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft } from "./checks.js";

const keyPrefix = testPrefix();
const SILENT_MS = 400;
let proxy: TcpProxy;
let node: FanwireNode;

beforeAll(async () => {
  proxy = await startTcpProxy({ port: Number(new URL(process.env.FANWIRE_TEST_REDIS as string).port) });
  node = await startTestNode({ redisUrl: proxy.url, config: { keyPrefix, leaseMs: 3_000 } });
});
afterAll(async () => {
  await node.stop(0);
  await proxy.stop();
});

async function withConnections(run: (connections: Connections) => Promise<void>): Promise<void> {
  const connections = connect({ kind: "server", url: proxy.url }, () => undefined, SILENT_MS);
  try {
    await run(connections);
  } finally {
    connections.close();
  }
}

test("a command that was sent into the void is answered on another connection", async () => {
  await withConnections(async ({ reads, scripts }) => {
    await Promise.all([reads.ping(), scripts.ping()]);
    proxy.freezeAll();
    expect(await Promise.all([reads.get(`${keyPrefix}:none`), scripts.eval("return 7", 0)])).toEqual([null, 7]);
  });
});

test("a subscription on which nothing can come is made anew, though nobody asks anything on it", async () => {
  await withConnections(async ({ reads, subscriber }) => {
    const channel = `${keyPrefix}:half-open`;
    const heard: string[] = [];
    subscriber.on("message", (_, text: string) => heard.push(text));
    await subscriber.subscribe(channel);
    proxy.freezeAll();
    await waitFor(async () => (await reads.publish(channel, "still there?")) > 0 && heard.length > 0, { what: "a message on the new connection" });
  });
});

test("a server whose connections have all fallen silent goes on when it has others, with all that was asked meanwhile", async () => {
  const definition = oneGroup(task("a", { handler: "delay", input: { duration: "50ms" } }), task("b", { after: ["a"] }));
  const submit = async (): Promise<string> => (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  const before = await submit();
  proxy.freezeAll();
  const ids = [before, ...await Promise.all([submit(), submit()])];
  expect((await Promise.all(ids.map((id) => finished(node, id)))).map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
  await expectNothingLeft(node, keyPrefix);
}, 60_000);
