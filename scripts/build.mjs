/** Builds everything that runs: the clients' types, the compiled server, its Lua scripts, the GraphiQL page and the console. */

import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(script, ...args) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

// A file that was removed from src must not live on in dist.
rmSync(`${root}/dist`, { recursive: true, force: true });
run("node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.yml", "--silent");
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
run("scripts/copyAssets.mjs");
for (const page of ["src/api/graphiql", "client-examples/web-dashboard"]) {
  run("node_modules/vite/bin/vite.js", "build", "--config", `${page}/vite.config.ts`, "--logLevel", "warn");
}
chmodSync(`${root}/dist/cli/main.js`, 0o755);
