/** Writes the table of docs/events.md from the table of events; run after a build. */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const BEGIN = "<!-- events: generated from src/workflow/eventTable.ts by `npm run docs`; a test fails when they are out of date -->";
const END = "<!-- end of events -->";

/** The part between the two marks, marks included. */
export function renderEvents({ EVENT_TABLE }) {
  const rows = Object.entries(EVENT_TABLE).map(([type, { kind, meaning, fields = [] }]) =>
    `| \`${type}\` | ${kind} | ${meaning} | ${fields.map((field) => `\`${field}\``).join(", ")} |`);
  return [BEGIN, "", "| type | in the API | what it tells | fields with a value |", "|---|---|---|---|", ...rows, "", END].join("\n");
}

/** The page with its table made anew. @throws Error for a page without the marks */
export function withEvents(page, table) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("docs/events.md has no place for the table of events");
  return page.slice(0, begin) + renderEvents(table) + page.slice(end + END.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = new URL("../docs/events.md", import.meta.url);
  await writeFile(path, withEvents(await readFile(path, "utf8"), await import("../dist/workflow/eventTable.js")));
}
