/** Copies what the compiler leaves behind into dist: the Lua scripts, at the same place beside the code that reads them. */

import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src", "store", "lua");
const target = join(root, "dist", "store", "lua");

// A script that was renamed must not live on in dist.
await rm(target, { recursive: true, force: true });
const entries = await readdir(source, { recursive: true });
const scripts = entries.filter((entry) => entry.endsWith(".lua"));
if (scripts.length === 0) throw new Error(`No Lua scripts under ${source}`);
for (const script of scripts) {
  await mkdir(dirname(join(target, script)), { recursive: true });
  await copyFile(join(source, script), join(target, script));
}
