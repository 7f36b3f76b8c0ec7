/** Writes docs/errors.md from the table of codes; run after a build. */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A bar would end the cell, and Markdown would take `<...>` for a tag and `__...__` for bold. */
function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("__", "\\_\\_");
}

/** The whole page; the same codes always give the same text. */
export function renderErrors(codes) {
  const rows = Object.entries(codes).map(([code, { meaning, hint, retryable }]) =>
    `| \`${code}\` | ${cell(meaning)} | ${hint === undefined ? "" : cell(hint)} | ${retryable ? "yes" : "no"} |`);
  return [
    "# Errors",
    "",
    "<!-- Generated from src/errors.ts by `npm run docs`; a test fails when it is out of date. -->",
    "",
    "One table of codes, and four places where a code stands:",
    "",
    "- `problems` of a mutation or of `planWorkflow`: what must be changed in the input; every problem at once, and nothing was stored.",
    "- `warnings` of `planWorkflow`: what is allowed but probably not meant.",
    "- `error` of a task, an item, an event or a workflow: why it failed, was skipped or was cancelled.",
    "- `extensions.code` of a GraphQL error: why a request or a subscription was refused. What graphql itself finds wrong with a document",
    "  or its variables has a code of Apollo Server there, such as `GRAPHQL_VALIDATION_FAILED`.",
    "",
    "Retryable says whether the same attempt or request can succeed when it is tried again. A task with `retry` repeats attempts that failed",
    "with a retryable code, unless `nonRetryable` names it; any other code ends it at once.",
    "",
    "Two families of codes are not in the table: `HTTP_` and the status, such as `HTTP_404`, from the handler `http` (retryable are 408, 425,",
    "429, all from 500 on, and those that its input names in `retryOn`), and the codes that handlers choose themselves, which are retryable",
    "unless the handler says otherwise.",
    "",
    "| code | meaning | what to do | retryable |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { CODES } = await import("../dist/errors.js");
  await writeFile(new URL("../docs/errors.md", import.meta.url), renderErrors(CODES));
}
