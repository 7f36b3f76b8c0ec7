import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, runNode } from "../cli/runCli.js";
import { startTestServer } from "../support/testServer.js";
import { startCuttingProxy } from "./cuttingProxy.js";

const CLIENT = `${ROOT}client-examples/node-client`;
let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  // Built here as its README says: from the committed schema, with no step forgotten.
  for (const args of [
    ["node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.yml"],
    ["node_modules/typescript/bin/tsc", "-p", CLIENT],
  ]) {
    const { code, stdout, stderr } = await runNode(args);
    if (code !== 0) throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`);
  }
  server = await startTestServer();
}, 120_000);
afterAll(() => server?.stop());

function runClient(url: string): ReturnType<typeof runNode> {
  return runNode([`${CLIENT}/dist/index.js`, url]);
}

test("the Node client shows progress and prints the result", async () => {
  const { code, stdout, stderr } = await runClient(server.httpUrl);
  expect(stderr).toBe("");
  expect(stdout).toContain("125/250 countries\n");
  expect(stdout).toContain("250/250 countries\n");
  expect(stdout).toContain("COMPLETED: ");
  expect(stdout).toContain('"mostNeighbours": "China"');
  expect(code).toBe(0);
});

test("the Node client gets every event exactly once when its connection is cut three times", async () => {
  const proxy = await startCuttingProxy(server.httpUrl, [15_000, 1_000, 30_000]);
  try {
    const { code, stdout, stderr } = await runClient(proxy.url);
    expect(stderr).toBe("");
    expect(proxy.cuts()).toBe(3);
    expect(stdout.match(/connection cut after event \d+, resuming/g)).toHaveLength(3);
    expect(stdout).toContain("250/250 countries\n");
    expect(stdout).toMatch(/COMPLETED: \d+ events, each exactly once/);
    expect(code).toBe(0);
  } finally {
    await proxy.stop();
  }
});
