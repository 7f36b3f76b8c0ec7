/** The diagrams of docs/architecture.md are what the table of transitions says. */

import { expect, test } from "vitest";
import { renderStates, withStates } from "../../scripts/stateDocs.mjs";
import * as tables from "../../src/workflow/transitions.js";
import { TASK_STATUSES, WORKFLOW_STATUSES } from "../../src/workflow/status.js";
import { readPage } from "./markdown.js";

test("docs/architecture.md is up to date: `npm run docs`", () => {
  const page = readPage("docs/architecture.md");
  expect(withStates(page, tables)).toBe(page);
});

test("a page without a place for the diagrams is not overwritten", () => {
  expect(() => withStates("# Page", tables)).toThrow("no place");
});

test("every status that can be reached stands in the diagrams", () => {
  const text = renderStates(tables);
  for (const status of [...TASK_STATUSES, ...WORKFLOW_STATUSES]) expect(text).toContain(`--> ${status} `);
});
