/** docs/events.md says what the table of events says, and its examples are what the code makes. */

import { expect, test } from "vitest";
import { renderEvents, withEvents } from "../../scripts/eventDocs.mjs";
import { cloudEvent } from "../../src/events/kafka/cloudEvent.js";
import { readCommand } from "../../src/events/kafka/commands.js";
import { EVENT_TYPES } from "../../src/workflow/events.js";
import * as table from "../../src/workflow/eventTable.js";
import { readPage } from "./markdown.js";

const page = readPage("docs/events.md");
const examples = [...page.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, text]) => JSON.parse(text as string) as Record<string, unknown>);

test("docs/events.md is up to date: `npm run docs`", () => {
  expect(withEvents(page, table)).toBe(page);
});

test("a page without a place for the table is not overwritten", () => {
  expect(() => withEvents("# Page", table)).toThrow("no place");
});

test("every type of event has its row", () => {
  const text = renderEvents(table);
  for (const type of EVENT_TYPES) expect(text).toContain(`| \`${type}\` |`);
});

test("the CloudEvent of the page is what the bridge writes", () => {
  const example = examples.find((value) => "specversion" in value) as { time: string; subject: string; source: string; data: { cursor: string } };
  const made = cloudEvent({
    kind: "task", type: "TASK_COMPLETED", workflowId: example.subject, cursor: example.data.cursor, seq: 16, atMs: Date.parse(example.time),
    task: "billing.total", node: 0, attempt: 1, worker: "host-4711", result: 111,
  }, example.source);
  expect(JSON.parse(made.value)).toEqual(example);
});

test("the commands of the page are commands", () => {
  const commands = examples.filter((value) => "command" in value);
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) expect(readCommand({ key: null, value: Buffer.from(JSON.stringify(command)) })).toMatchObject({ id: command["id"] });
});
