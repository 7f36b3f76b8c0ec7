/** Compiles the sources once per test file, so that the dozens of workers that a test kills start fast. */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Rooms that a worker has no use for. */
const LEFT_OUT = /^src\/(api|cli|client|embed)\//;
const FAULTS_WORKER = "test/faults/processes/worker.ts";

export interface CompiledWorker {
  /** The script to run. */
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Types are not checked here; below the repository, so that packages are found.
 * @param script from the repository's root
 * @param more files of the tests that it imports
 */
export async function compileWorker(script = FAULTS_WORKER, more: readonly string[] = []): Promise<CompiledWorker> {
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  const target = await mkdtemp(join(ROOT, ".cache/worker-"));
  const sources = (await readdir(join(ROOT, "src"), { recursive: true })).map((file) => `src/${file}`);
  for (const file of [...sources.filter((name) => name.endsWith(".ts") && !LEFT_OUT.test(name)), script, ...more]) {
    const path = join(target, file.replace(/\.ts$/, ".js"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, compile(await readFile(join(ROOT, file), "utf8")));
  }
  await cp(join(ROOT, "src/store/lua"), join(target, "src/store/lua"), { recursive: true });
  return { path: join(target, script.replace(/\.ts$/, ".js")), remove: () => rm(target, { recursive: true, force: true }) };
}

function compile(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, experimentalDecorators: true, useDefineForClassFields: false },
  }).outputText;
}
