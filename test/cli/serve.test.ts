import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import type { StartedProgram } from "./runCli.js";
import { runCli, startCli } from "./runCli.js";

const folder = mkdtempSync(join(tmpdir(), "fanwire-serve-"));
const started: StartedProgram[] = [];

afterEach(async () => {
  for (const program of started.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function environment(): NodeJS.ProcessEnv {
  return { REDIS_URL: process.env.FANWIRE_TEST_REDIS, KEY_PREFIX: testPrefix(), LOG_LEVEL: "warn" };
}

async function start(args: string[], env: NodeJS.ProcessEnv, ready: RegExp): Promise<StartedProgram & { found: string }> {
  const program = startCli(args, { env });
  started.push(program);
  const match = await waitFor(() => ready.exec(program.output.stderr), { what: `${args[0]} to start; it wrote ${program.output.stderr}` });
  return { ...program, found: match[1] ?? "" };
}

const SERVES = /^Fanwire serves (http:\S+)$/m;

describe("fanwire serve and worker", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("serve says where it listens, and ends with 0 at %s", async (signal) => {
    const server = await start(["serve", "--port", "0"], environment(), SERVES);
    expect((await runCli(["list", "--url", server.found])).code).toBe(0);
    server.kill(signal);
    expect((await server.ended).code).toBe(0);
    expect((await runCli(["list", "--url", server.found])).code).toBe(3);
  });

  test("without a worker in the server nothing runs until a worker process comes", async () => {
    const env = environment();
    const server = await start(["serve", "--port", "0", "--no-worker"], env, SERVES);
    const submitted = await runCli(["submit", "client-examples/workflows/retry-and-fallback.yaml", "--url", server.found]);
    const id = submitted.stdout.trim();
    expect((await runCli(["show", id, "--url", server.found])).stdout).toContain("gather.rate (fail) READY");
    const worker = await start(["worker"], env, /^Fanwire worker runs$/m);
    expect((await runCli(["watch", id, "--url", server.found])).code).toBe(0);
    worker.kill("SIGTERM");
    expect((await worker.ended).code).toBe(0);
  });

  test("a configuration that cannot be used exits 2 with every problem", async () => {
    const { code, stderr } = await runCli(["serve"], { env: { ...environment(), WORKER_CONCURRENCY: "many", RETENTION: "soon" } });
    expect(stderr).toContain("WORKER_CONCURRENCY");
    expect(stderr).toContain("RETENTION");
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(2);
  });

  test("FANWIRE_URL, which the client commands read, does not keep a server from starting", async () => {
    const server = await start(["serve", "--port", "0"], { ...environment(), FANWIRE_URL: "http://127.0.0.1:9/graphql" }, SERVES);
    expect(server.found).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

test.each([[["--help"]], [["list", "--url", "http://127.0.0.1:9/graphql"]]])(
  "fanwire %j starts fast: it loads no package but the one that reads the command line",
  async (args) => {
    const traces = mkdtempSync(join(folder, "loaded-"));
    await runCli(args, { env: { NODE_V8_COVERAGE: traces } });
    const loaded = readdirSync(traces).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(traces, name), "utf8")) as { result: { url: string }[] };
      return result.map(({ url }) => url);
    });
    const packages = new Set(loaded.map((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]).filter((name) => name !== undefined));
    expect([...packages]).toEqual(["commander"]);
  },
);
