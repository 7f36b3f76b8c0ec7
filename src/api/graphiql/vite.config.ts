/** Builds the GraphiQL page: vite build --config src/api/graphiql/vite.config.ts */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/graphiql/",
  build: {
    outDir: fileURLToPath(new URL("../../../dist/graphiql", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Monaco is one large piece by nature.
    chunkSizeWarningLimit: 5_000,
    rolldownOptions: {
      onLog(level, log, handler) {
        // "use client" and its like in the libraries: meant for servers that render React, without meaning here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handler(level, log);
      },
    },
  },
});
