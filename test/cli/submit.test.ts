import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCuttingProxy } from "../clients/cuttingProxy.js";
import { startTestServer } from "../support/testServer.js";
import { runCli } from "./runCli.js";

const COUNTRIES = "client-examples/workflows/countries.yaml";
const folder = mkdtempSync(join(tmpdir(), "fanwire-submit-"));
let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => { server = await startTestServer(); });
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

function fanwire(...args: string[]): ReturnType<typeof runCli> {
  return runCli(args, { env: { FANWIRE_URL: server.httpUrl } });
}

/** A workflow file with the given tasks in its one group. */
function workflowFile(name: string, tasks: object[]): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify({ definition: { name, groups: [{ name: "only", tasks }] } }));
  return path;
}

describe("fanwire submit --watch", () => {
  test("runs the countries to their report and exits 0", async () => {
    const { code, stdout, stderr } = await fanwire("submit", COUNTRIES, "--watch");
    expect(stderr).toBe("");
    expect(stdout).toContain("prepare.records: 250 items");
    expect(stdout).toContain("prepare: completed, 250/250 completed, 0 failed");
    expect(stdout).toMatch(/\n {2}report: \{\n {4}"countries": 250,/);
    expect(stdout).toContain('"mostNeighbours": ["China, 16","Russia, 14","Brazil, 10"]');
    expect(stdout).toContain('"Africa landlocked": {"countries":16,');
    expect(stdout).not.toContain("Oceania landlocked");
    // 250 countries, 10 of the matrix, 1 report
    expect(stdout).toMatch(/COMPLETED in .*: 261 completed, 0 failed\n$/);
    expect(code).toBe(0);
  });

  test("lives with retries, a fallback, a condition and an ignored failure", async () => {
    const { code, stdout } = await fanwire("submit", "client-examples/workflows/retry-and-fallback.yaml", "--watch");
    expect(stdout).toMatch(/gather\.price retries after attempt \d+: SHOP_BUSY/);
    expect(stdout).toContain("gather.rate fell back: RATES_CLOSED");
    expect(stdout).toContain("gather.notifyBuyer failed: MAILBOX_FULL");
    expect(stdout).toContain("total: 120");
    expect(stdout).toMatch(/COMPLETED in .*: 3 completed, 1 failed, 1 skipped or cancelled\n$/);
    expect(code).toBe(0);
  });

  test("--json prints one document with the whole context, progress goes to standard error", async () => {
    const { code, stdout, stderr } = await fanwire("submit", COUNTRIES, "--watch", "--json");
    const document = JSON.parse(stdout) as { status: string; context: Record<string, unknown[]> };
    expect(document.status).toBe("COMPLETED");
    expect(document.context.records).toHaveLength(250);
    expect(document.context.countries).toHaveLength(250);
    expect(stderr).toContain("prepare.records: 250 items");
    expect(code).toBe(0);
  });

  test("a workflow that fails exits 1 and says why on standard error", async () => {
    const path = workflowFile("fails", [{ name: "broken", handler: "fail", input: { code: "NO_PAPER", message: "The tray is empty.", retryable: false } }]);
    const { code, stderr } = await fanwire("submit", path, "--watch");
    expect(stderr).toMatch(/FAILED in .*: 0 completed, 1 failed/);
    expect(stderr).toContain("only.broken: [NO_PAPER] The tray is empty.");
    expect(code).toBe(1);
  });

  test("counts every item once when its connection is cut twice", async () => {
    const proxy = await startCuttingProxy(server.httpUrl, [20_000, 20_000]);
    try {
      const { code, stdout, stderr } = await runCli(["submit", COUNTRIES, "--watch", "--url", proxy.url]);
      expect(proxy.cuts()).toBe(2);
      expect(stderr).toBe("connection lost, resuming …\n".repeat(2));
      expect(stdout).toContain("prepare: completed, 250/250 completed, 0 failed");
      expect(code).toBe(0);
    } finally {
      await proxy.stop();
    }
  });
});

describe("what cannot run", () => {
  test("all problems of a definition are printed with path, code, message and hint, and the exit code is 2", async () => {
    const path = workflowFile("wrong", [
      { name: "a", handler: "transfrom", input: {} },
      { name: "b", handler: "transform", input: { expression: "$", data: "{{ nobodyWritesThis }}" } },
    ]);
    const { code, stdout, stderr } = await fanwire("submit", path, "--watch");
    expect(stderr).toContain("2 problems");
    expect(stderr).toContain("groups[0].tasks[0].handler [UNKNOWN_HANDLER]");
    expect(stderr).toMatch(/groups\[0\]\.tasks\[1\]\S* \[UNKNOWN_KEY\]\n {4}.*nobodyWritesThis.*\n {4}hint: /);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a field that the API does not know is a problem with its path", async () => {
    const path = workflowFile("misspelt", [{ name: "a", handlr: "transform" }]);
    const { code, stderr } = await fanwire("submit", path);
    expect(stderr).toContain("groups[0].tasks[0] [");
    expect(stderr).toContain('"handlr"');
    expect(code).toBe(2);
  });

  test.each([
    ["an unknown command", ["serv"]],
    ["an unknown option", ["list", "--frist", "3"]],
    ["a missing argument", ["submit"]],
    ["a file that is not there", ["submit", "no-such-file.yaml"]],
    ["a URL that is none", ["list", "--url", "localhost"]],
    ["a workflow that is not there", ["watch", "s0-01ARZ3NDEKTSV4RRFFQ69G5FAV"]],
  ])("%s exits 2 with a word on standard error", async (_case, args) => {
    const { code, stdout, stderr } = await fanwire(...args);
    expect(stderr).not.toBe("");
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a named server that does not answer exits 3", async () => {
    const { code, stderr } = await runCli(["submit", COUNTRIES, "--url", "http://127.0.0.1:9/graphql"]);
    expect(stderr).toContain("No Fanwire server answers at http://127.0.0.1:9/graphql (ECONNREFUSED)");
    expect(code).toBe(3);
  });
});

describe("fanwire submit, plan, list, show, watch and cancel", () => {
  test("plan shows the inferred levels", async () => {
    const { code, stdout } = await fanwire("plan", COUNTRIES);
    expect(stdout).toMatch(/Level 1\n {2}prepare\.records .*Level 2\n {2}report\.statistics .*Level 3\n {2}report\.report /s);
    expect(code).toBe(0);
  });

  test("a submitted workflow is listed, shown, cancelled, and watched to its end afterwards", async () => {
    const path = workflowFile("waits", [{ name: "long", handler: "delay", input: { duration: "1h" } }]);
    const submitted = await fanwire("submit", path);
    const id = submitted.stdout.trim();
    expect((await fanwire("list", "--name", "waits")).stdout).toMatch(new RegExp(`^${id} +RUNNING|^${id} +PENDING`, "m"));
    expect((await fanwire("show", id)).stdout).toContain("only.long (delay)");
    expect((await fanwire("cancel", id, "--reason", "enough")).code).toBe(0);
    const watched = await fanwire("watch", id);
    expect(watched.stderr).toMatch(/^CANCELLED in /m);
    expect(watched.code).toBe(1);
    expect((await fanwire("cancel", id)).code).toBe(2);
  });

  test("retry runs again what failed, and refuses what completed", async () => {
    const path = workflowFile("again", [{ name: "second", handler: "fail", input: { untilAttempt: 2 } }]);
    const id = (await fanwire("submit", path)).stdout.trim();
    expect((await fanwire("watch", id)).code).toBe(1);
    const { code, stdout } = await fanwire("retry", id);
    expect(stdout).toMatch(new RegExp(`^${id} [A-Z]+\n$`));
    expect(code).toBe(0);
    expect((await fanwire("watch", id)).code).toBe(0);
    expect((await fanwire("retry", id)).code).toBe(2);
  });

  test("a session passes a key from one workflow to the next, named by an option or by the file", async () => {
    const give = join(folder, "give.json");
    writeFileSync(give, JSON.stringify({ definition: { name: "give", exports: ["rate"], groups: [{ name: "g", tasks: [{ name: "rate", handler: "transform", input: { expression: "7", data: null } }] }] } }));
    expect((await fanwire("submit", give, "--session", "from-the-shell", "--watch")).code).toBe(0);
    const take = join(folder, "take.json");
    writeFileSync(take, JSON.stringify({
      sessionId: "from-the-shell",
      definition: { name: "take", externalKeys: ["rate"], groups: [{ name: "g", tasks: [{ name: "got", handler: "transform", input: { expression: "r", data: { r: "{{ rate }}" } } }] }] },
    }));
    const { code, stdout } = await fanwire("submit", take, "--watch", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ status: "COMPLETED", context: { rate: 7, got: 7 } });
    expect(code).toBe(0);
    const refused = await fanwire("submit", give, "--session", "");
    expect(refused.stderr).toContain("sessionId [INVALID_VALUE]");
    expect(refused.code).toBe(2);
  });

  test("the same idempotency key submits once", async () => {
    const path = workflowFile("once", [{ name: "a", handler: "log", input: "{{ x }}" }]);
    const args = ["submit", path, "--context", "x=1", "--idempotency-key", "once", "--json"];
    const [first, second] = [await fanwire(...args), await fanwire(...args)];
    expect(JSON.parse(second.stdout)).toMatchObject({ id: (JSON.parse(first.stdout) as { id: string }).id, duplicate: true });
  });
});

test("without a server, submit starts one for the duration and stops it", async (context) => {
  if (await answers(4000)) context.skip("something listens on port 4000, the default, so no server would be started");
  const env = { REDIS_URL: process.env.FANWIRE_TEST_REDIS, KEY_PREFIX: `local-${process.pid}`, DATA_DIR: folder };
  const { code, stdout, stderr } = await runCli(["submit", COUNTRIES, "--watch"], { env });
  expect(stderr).toBe("No server at http://127.0.0.1:4000/graphql: starting one in this process for the duration.\n");
  expect(stdout).toMatch(/COMPLETED in .*: 261 completed, 0 failed\n$/);
  expect(code).toBe(0);
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => { socket.destroy(); resolve(true); }).once("error", () => resolve(false));
  });
}
