/** Servers and workers with handlers of TypeScript files, as processes: what they load, and how a worker stops. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { data } from "../api/graphqlClient.js";
import { testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { runCli, startCli, type StartedProgram } from "./runCli.js";

const folder = mkdtempSync(join(tmpdir(), "fanwire-tasks-"));
const started: StartedProgram[] = [];
let env: NodeJS.ProcessEnv;
let ledger: string;
let release: string;

const TASKS = `
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { defineExpander, defineHandler, FanwireError, type JsonObject } from "fanwire";
import { setTimeout as wait } from "node:timers/promises";
import { shout } from "./shout.js";

enum Kind { Loud = "LOUD" }
const note = (what: string): void => appendFileSync(process.env.LEDGER as string, \`\${what} \${process.pid}\\n\`);

export default defineHandler({ name: "shout", run: ({ input }) => ({ text: shout(input as string), kind: Kind.Loud }) });
export const checked = defineHandler({ name: "checked", run() { throw new FanwireError("NOT_TODAY", "closed", { retryable: false }); } });
export const sides = defineExpander({ name: "sides", expand: (): JsonObject[] => [{ side: "left" }, { side: "right" }] });

/** The first to run it holds on until it is aborted; whoever runs it then ends. */
export const hold = defineHandler({
  name: "hold",
  async run({ signal }) {
    const isFirst = !readFileSync(process.env.LEDGER as string, "utf8").includes("hold");
    note("hold");
    if (isFirst) await new Promise<void>((resolve) => signal.addEventListener("abort", () => { note("aborted"); resolve(); }));
    return process.pid;
  },
});
/** Ends when it is let go. */
export const brief = defineHandler({
  name: "brief",
  async run() {
    note("brief");
    while (!existsSync(process.env.RELEASE as string)) await wait(10);
    return process.pid;
  },
});
`;

beforeAll(() => {
  writeFileSync(join(folder, "tasks.ts"), TASKS);
  writeFileSync(join(folder, "shout.ts"), "export function shout(text: string): string { return text.toUpperCase(); }\n");
  writeFileSync(join(folder, "more.mjs"), 'import { defineHandler } from "fanwire";\nexport default [defineHandler({ name: "more", run: () => "more" }), defineHandler({ name: "most", run: () => "most" })];\n');
  writeFileSync(join(folder, "clash.ts"), 'import { defineHandler } from "fanwire";\nexport const again = defineHandler({ name: "shout", run: () => null });\n');
  writeFileSync(join(folder, "none.ts"), "export const x: number = 1;\n");
  writeFileSync(join(folder, "broken.ts"), "throw new Error('not ready');\n");
});
beforeEach(() => {
  const run = mkdtempSync(join(folder, "run-"));
  [ledger, release] = [join(run, "ledger"), join(run, "release")];
  writeFileSync(ledger, "");
  env = { REDIS_URL: process.env.FANWIRE_TEST_REDIS, KEY_PREFIX: testPrefix(), LOG_LEVEL: "warn", LEASE: "1h", LEDGER: ledger, RELEASE: release };
});
afterEach(async () => {
  for (const program of started.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(args: string[], more: NodeJS.ProcessEnv, ready: RegExp): Promise<StartedProgram & { url: string }> {
  const program = startCli(args, { env: { ...env, ...more }, cwd: folder });
  started.push(program);
  const [, url = ""] = await waitFor(() => ready.exec(program.output.stderr), { what: `${args[0]} to start; it wrote ${program.output.stderr}` });
  return { ...program, url };
}
const serve = (...args: string[]): Promise<StartedProgram & { url: string }> => start(["serve", "--port", "0", ...args], {}, /^Fanwire serves (http:\S+)$/m);
const work = (more: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<StartedProgram & { url: string }> => start(["worker", "--tasks", "tasks.ts", ...args], more, /^Fanwire worker runs$/m);

const SUBMIT = "mutation($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { workflow { id } problems { message } } }";
async function submit(url: string, tasks: object[]): Promise<string> {
  const { submitWorkflow } = await data({ url }, SUBMIT, { input: { definition: { name: "w", groups: [{ name: "g", tasks }] } } });
  expect(submitWorkflow.problems).toEqual([]);
  return submitWorkflow.workflow.id as string;
}
async function completed(url: string, id: string): Promise<{ context: Record<string, unknown>; tasks: { nodes: { attempt: number }[] } }> {
  return waitFor(async () => {
    const { workflow } = await data({ url }, "query($id: ID!) { workflow(id: $id) { status context tasks { nodes { attempt } } } }", { id });
    return workflow.status === "COMPLETED" ? workflow : undefined;
  }, { what: `${id} to complete` });
}
const lines = (): string[] => readFileSync(ledger, "utf8").split("\n").slice(0, -1);
const pidOf = (line: string | undefined): number => Number(line?.split(" ")[1]);

describe("--tasks", () => {
  test("a server runs what TypeScript and JavaScript files export: handlers, expanders, lists of them, with their imports", async () => {
    const { url } = await serve("--tasks", "tasks.ts", "more.mjs");
    const id = await submit(url, [
      { name: "a", handler: "shout", input: "quiet" }, { name: "b", handler: "most" },
      { name: "c", handler: "shout", input: "{{ side }}", expansion: { custom: { expander: "sides" } } },
      { name: "d", handler: "checked", onFailure: "IGNORE" },
    ]);
    expect((await completed(url, id)).context).toEqual({ a: { text: "QUIET", kind: "LOUD" }, b: "most", c: [{ text: "LEFT", kind: "LOUD" }, { text: "RIGHT", kind: "LOUD" }] });
    const { workflow } = await data({ url }, "query($id: ID!) { workflow(id: $id) { task(name: \"g.d\") { error { code retryable } } } }", { id });
    expect(workflow.task.error).toEqual({ code: "NOT_TODAY", retryable: false });
  });

  test.each([
    ["nowhere.ts", "There is no file nowhere.ts"], ["none.ts", "exports neither a handler nor an expander"], ["broken.ts", "not ready"],
  ])("%s is refused with exit code 2: %s", async (file, message) => {
    const { code, stderr } = await runCli(["worker", "--tasks", file], { env, cwd: folder });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test("two handlers of one name are refused with exit code 2", async () => {
    const { code, stderr } = await runCli(["worker", "--tasks", "tasks.ts", "clash.ts", "./clash.ts"], { env: { ...env, REDIS_URL: "redis://127.0.0.1:9" }, cwd: folder });
    expect(stderr).toContain("Two handlers are named shout");
    expect(code).toBe(2);
  });

  test.each([
    [["--url", "http://127.0.0.1:9"], "has the handlers of its --tasks alone", 2],
    [["--url", "http://127.0.0.1:9", "--redis", "redis://127.0.0.1:9", "--tasks", "tasks.ts"], "not on both", 2],
    [["--url", "http://127.0.0.1:9", "--tasks", "tasks.ts"], "No Fanwire server answers", 3],
  ])("a worker with %j is refused", async (args, message, exitCode) => {
    const { code, stderr } = await runCli(["worker", ...args], { env: { ...env, REDIS_URL: "" }, cwd: folder });
    expect(stderr).toContain(message);
    expect(code).toBe(exitCode);
  });

  test("options of a worker are checked like the settings that they stand for", async () => {
    const { code, stderr } = await runCli(["worker", "--queues", "not a queue", "--redis", "nowhere"], { env });
    expect(stderr).toMatch(/WORKER_QUEUES must be/);
    expect(stderr).toMatch(/REDIS_URL must be/);
    expect(code).toBe(2);
  });
});

describe("a worker that is told to stop", () => {
  test("aborts what does not end in its time and hands it back: another worker runs the same attempt, long before the lease ends", async () => {
    const { url } = await serve("--no-worker");
    const first = await work({ STOP_GRACE: "0s" });
    const id = await submit(url, [{ name: "t", handler: "hold" }]);
    await waitFor(() => lines().length > 0, { what: "the handler to be called" });
    await work();
    first.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    const { context, tasks } = await completed(url, id);
    const [held, aborted, taken] = lines();
    expect([held, aborted, taken].map((line) => line?.split(" ")[0])).toEqual(["hold", "aborted", "hold"]);
    expect(pidOf(aborted)).toBe(pidOf(held));
    expect(context).toEqual({ t: pidOf(taken) });
    expect(pidOf(taken)).not.toBe(pidOf(held));
    expect(tasks.nodes).toEqual([{ attempt: 1 }]);
  });

  test("claims nothing new, lets what runs end in its time, and then ends", async () => {
    const { url } = await serve("--no-worker");
    const first = await work({ STOP_GRACE: "1m" });
    const running = await submit(url, [{ name: "t", handler: "brief" }]);
    await waitFor(() => lines().length > 0, { what: "the handler to be called" });
    first.kill("SIGTERM");
    // It has said goodbye before it waits for what runs.
    await waitFor(async () => (await data({ url }, "{ workers { id } }")).workers.length === 0, { what: "the worker to be gone from the list" });
    const later = await submit(url, [{ name: "t", handler: "shout", input: "x" }]);
    expect(existsSync(release)).toBe(false);
    writeFileSync(release, "");
    expect((await first.ended).code).toBe(0);
    expect((await completed(url, running)).context).toEqual({ t: pidOf(lines()[0]) });
    const { workflow } = await data({ url }, "query($id: ID!) { workflow(id: $id) { status } }", { id: later });
    expect(workflow.status).toBe("PENDING");
    await work();
    expect((await completed(url, later)).context).toEqual({ t: { text: "X", kind: "LOUD" } });
  });

  test("over the API hands back as well, and needs no Redis", async () => {
    const { url } = await serve("--no-worker");
    const far = { REDIS_URL: "", STOP_GRACE: "0s" };
    const first = await work(far, "--url", url);
    expect(first.output.stderr).toContain("Left out, as expanders are for workers on Redis: sides");
    const id = await submit(url, [{ name: "t", handler: "hold" }, { name: "u", handler: "shout", input: "far" }]);
    await waitFor(() => lines().length > 0, { what: "the handler to be called" });
    await work(far, "--url", `${url}/graphql`);
    first.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    expect((await completed(url, id)).context).toEqual({ t: pidOf(lines().at(-1)), u: { text: "FAR", kind: "LOUD" } });
    expect(lines().map((line) => line.split(" ")[0])).toEqual(["hold", "aborted", "hold"]);
  });

  test("serves the queues that it was given, and no other", async () => {
    const { url } = await serve("--no-worker");
    await work({}, "--queues", "gpu", "--concurrency", "2");
    const { workers } = await data({ url }, "{ workers { queues capacity handlers } }");
    expect(workers).toMatchObject([{ queues: ["gpu"], capacity: 2, handlers: expect.arrayContaining(["shout", "hold", "transform"]) }]);
  });
});
