import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CommandFailure } from "../../src/cli/exitCodes.js";
import { readContextOptions, readWorkflowFile } from "../../src/cli/workflowFile.js";
import { ROOT } from "./runCli.js";

const folder = mkdtempSync(join(tmpdir(), "fanwire-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function failure(work: Promise<unknown>): Promise<CommandFailure> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandFailure);
  expect((error as CommandFailure).exitCode).toBe(2);
  return error as CommandFailure;
}

describe("readWorkflowFile", () => {
  test("the same document reads the same from YAML and from JSON", async () => {
    const document = { definition: { name: "x", groups: [] }, context: { a: [1, "two", null, true] }, labels: { team: "blue" }, idempotencyKey: "k", priority: -2 };
    const yaml = 'definition: { name: x, groups: [] }\ncontext: { a: [1, two, null, true] }\nlabels: { team: blue }\nidempotencyKey: "k"\npriority: -2\n';
    expect(await readWorkflowFile(file("a.json", JSON.stringify(document)))).toEqual(document);
    expect(await readWorkflowFile(file("a.yaml", yaml))).toEqual(document);
  });

  test("contextFiles are read beside the workflow file", async () => {
    file("data.json", "[1, 2]");
    file("more.yml", "- 3\n");
    const path = file("b.yaml", "definition: {}\ncontext: { z: 0 }\ncontextFiles: { json: data.json, yaml: ./more.yml }\n");
    expect((await readWorkflowFile(path)).context).toEqual({ z: 0, json: [1, 2], yaml: [3] });
  });

  test("contextFiles that are not beside it are read from npm packages", async () => {
    const { context } = await readWorkflowFile(`${ROOT}client-examples/workflows/countries.yaml`);
    expect(context.countries).toHaveLength(250);
  });

  test("a file in neither place is named in the failure", async () => {
    const path = file("c.yaml", "definition: {}\ncontextFiles: { x: no-such-package/data.json }\n");
    expect((await failure(readWorkflowFile(path))).message).toContain("no-such-package/data.json");
  });

  test("all problems of a file's fields are told at once", async () => {
    const path = file("d.yaml", "defintion: {}\ncontext: [1]\nidempotencyKey: 7\npriority: high\ncontextFiles: { a: 1 }\n");
    const { problems } = await failure(readWorkflowFile(path));
    expect(problems.map((problem) => problem.path)).toEqual(["definition", "context", "idempotencyKey", "priority", "contextFiles.a", "defintion"]);
  });

  test("a bare definition gets the hint where to put it", async () => {
    const path = file("e.yaml", "name: x\ngroups: []\n");
    expect((await failure(readWorkflowFile(path))).problems[0]?.hint).toContain("definition:");
  });

  test.each([
    ["a missing file", join(folder, "missing.yaml"), "Cannot read"],
    ["broken YAML", file("f.yaml", "definition: [\n"), "Cannot parse"],
    ["broken JSON", file("g.json", "{"), "Cannot parse"],
    ["a number that JSON cannot hold", file("h.yaml", "definition: { x: .inf }\n"), "no JSON value"],
  ])("%s is a failure that says so", async (_case, path, message) => {
    expect((await failure(readWorkflowFile(path))).message).toContain(message);
  });
});

describe("readContextOptions", () => {
  test("takes JSON and files, and the rest of the value after the first =", async () => {
    const data = file("option.json", '{"deep": 1}');
    expect(await readContextOptions(["n=1", 's="a=b"', `f=@${data}`])).toEqual({ n: 1, s: "a=b", f: { deep: 1 } });
  });

  test.each(["noValue", "=1", "name=Anna"])("%s is a failure", async (option) => {
    await failure(readContextOptions([option]));
  });
});
