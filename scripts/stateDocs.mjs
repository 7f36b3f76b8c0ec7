/** Writes the diagrams of docs/architecture.md from the table of transitions; run after a build. */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const BEGIN = "<!-- states: generated from src/workflow/transitions.ts by `npm run docs`; a test fails when they are out of date -->";
const END = "<!-- end of states -->";

/** Steps between the same two statuses share an arrow. */
function diagram(transitions) {
  const arrows = new Map();
  for (const { from, to, event, by } of transitions) {
    const arrow = `${from ?? "[*]"} --> ${to}`;
    const label = event === undefined ? by : `${event} (${by})`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), label].filter((text, i, all) => all.indexOf(text) === i));
  }
  return ["```mermaid", "stateDiagram-v2", ...[...arrows].map(([arrow, labels]) => `    ${arrow} : ${labels.join(" / ")}`), "```"].join("\n");
}

/** The part between the two marks, marks included; the same tables always give the same text. */
export function renderStates({ TASK_TRANSITIONS, WORKFLOW_TRANSITIONS }) {
  return [
    BEGIN, "",
    "A task or an item. On an arrow stands the event that tells of the step and, in brackets, what makes it; without an event, only what makes it.", "",
    diagram(TASK_TRANSITIONS), "",
    "A workflow:", "",
    diagram(WORKFLOW_TRANSITIONS), "",
    END,
  ].join("\n");
}

/** The page with its diagrams made anew. @throws Error for a page without the marks */
export function withStates(page, tables) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("docs/architecture.md has no place for the diagrams of states");
  return page.slice(0, begin) + renderStates(tables) + page.slice(end + END.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = new URL("../docs/architecture.md", import.meta.url);
  await writeFile(path, withStates(await readFile(path, "utf8"), await import("../dist/workflow/transitions.js")));
}
