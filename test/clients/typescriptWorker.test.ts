/** The package as users get it: packed, installed into the example project, compiled against, run. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { data } from "../api/graphqlClient.js";
import { ROOT, runNode, startNode } from "../cli/runCli.js";
import { testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const folder = mkdtempSync(join(tmpdir(), "fanwire-package-"));
let packed: string[];

/** Each expectation that is not met fails the compilation, as an error does. */
const TYPES = `
import { createClient, defineHandler, type JsonValue } from "fanwire";
import { z } from "zod";

defineHandler({ name: "a", input: z.object({ n: z.number() }), run: ({ input }) => input.n.toFixed(1) });
// @ts-expect-error the input has no such field
defineHandler({ name: "a", input: z.object({ n: z.number() }), run: ({ input }) => input.m });
// @ts-expect-error the result is not what the schema takes
defineHandler({ name: "a", output: z.number(), run: () => "one" });
const anything: JsonValue = null;
defineHandler({ name: "a", run: ({ input }) => [input, anything] });
const client = createClient({ url: "http://127.0.0.1:4000", token: async () => "t" });
// @ts-expect-error groups are missing
void client.submit({ definition: { name: "x" } });
// @ts-expect-error there is no such type of event
client.watch("x", { types: ["TASK_EXPLODED"] });
for await (const event of client.watch("x")) {
  if (event.__typename === "TaskEvent") event.task.toUpperCase();
  // @ts-expect-error only events of tasks have one
  else event.task;
}
`;

beforeAll(() => {
  // The build is there already: the tests run on it.
  const [{ files, filename }] = JSON.parse(npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], ROOT)) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  cpSync(`${ROOT}client-examples/typescript-worker`, folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  manifest.dependencies.fanwire = `file:${filename}`;
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "types.ts"), TYPES);
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"], folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

function npm(args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stdout}${stderr}`);
  return stdout;
}

function environment(): NodeJS.ProcessEnv {
  return { REDIS_URL: process.env.FANWIRE_TEST_REDIS, KEY_PREFIX: testPrefix(), LOG_LEVEL: "warn" };
}

describe("the package", () => {
  test("holds what runs and what is to be read, and nothing else", () => {
    expect(packed).toEqual(expect.arrayContaining([
      "LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/cli/main.js", "dist/store/lua/completeTasks.lua", "docs/definition.md", "schema/schema.graphql",
    ]));
    expect(packed.filter((path) => !/^(dist|docs|schema)\/|^(LICENSE|README\.md|package\.json)$/.test(path) || /\.map$/.test(path))).toEqual([]);
  });

  test("gives programs its entry, and none of its inside", async () => {
    const { stdout } = await runNode(["--input-type=module", "-e", `
      console.log(JSON.stringify(Object.keys(await import("fanwire")).sort()));
      console.log(await import("fanwire/dist/main.js").catch(({ code }) => code));
    `], { cwd: folder });
    expect(stdout.split("\n")).toEqual([
      JSON.stringify(["ClientError", "FanwireError", "RemoteWorker", "ServerUnreachable", "Worker", "createClient", "createServer", "defineExpander", "defineHandler"]), "ERR_PACKAGE_PATH_NOT_EXPORTED", "",
    ]);
  });

  test("compiles the example, with every type of a dependency checked, and refuses what is wrong; then the example runs: server, worker, client", async () => {
    const compiled = await runNode([join(folder, "node_modules/typescript/bin/tsc"), "-p", folder], { cwd: folder });
    expect(compiled.stdout + compiled.stderr).toBe("");
    const { code, stdout, stderr } = await runNode(["dist/run.js"], { cwd: folder, env: environment() });
    expect(stderr.split("\n").sort()).toEqual(["", "billing.receipts[0]: HANDLER_ERROR", "billing.receipts[1]: HANDLER_ERROR", "billing.receipts[2]: LIMIT_REACHED"]);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "COMPLETED", failed: 1,
      context: { totals: [{ id: "a", total: 36 }, { id: "b", total: 50 }, { id: "c", total: 5_000 }], receipts: [{ receipt: "receipt-a" }, { receipt: "receipt-b" }], listed: [2, 1] },
    });
    expect(code).toBe(0);
  }, 60_000);

  test("its command serves the example's handlers, and shows their schemas", async () => {
    const program = startNode([join(folder, "node_modules/fanwire/dist/cli/main.js"), "serve", "--port", "0", "--tasks", "orders.ts"], { cwd: folder, env: environment() });
    try {
      const [, url = ""] = await waitFor(() => /^Fanwire serves (http:\S+)$/m.exec(program.output.stderr), { what: `it to serve; it wrote ${program.output.stderr}` });
      const { handlers } = await data({ url }, "{ handlers { name description inputSchema outputSchema builtIn } }");
      expect((handlers as { name: string }[]).find(({ name }) => name === "orders.total")).toMatchObject({
        description: "Adds up an order.", builtIn: false, inputSchema: { required: ["id", "lines"] }, outputSchema: { required: ["id", "total"] },
      });
      program.kill("SIGTERM");
      expect((await program.ended).code).toBe(0);
    } finally {
      program.kill("SIGKILL");
    }
  });
});
