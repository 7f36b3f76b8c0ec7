/** Types of eventDocs.mjs for the test that compares its output with the committed page. */

import type { EVENT_TABLE } from "../src/workflow/eventTable.js";

interface Table {
  EVENT_TABLE: typeof EVENT_TABLE;
}

export function renderEvents(table: Table): string;
export function withEvents(page: string, table: Table): string;
