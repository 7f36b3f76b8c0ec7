/** Readers over logs with large results take them a few megabytes at a time, and lose and repeat nothing. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Command } from "ioredis";
import { makeFeedCursor } from "../../src/events/feedCursor.js";
import type { LiveSource } from "../../src/events/LiveSource.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../../src/workflow/events.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

const MB = 1024 * 1024;
/** About 60 MB in the items of one task, and 12 MB in tasks of their own. */
const ITEMS = 600;
const RESULT_CHARS = 100_000;
const SINGLE = 24;
const SINGLE_CHARS = 5 * RESULT_CHARS;
/** A page, and what comes on top of it at most: a chunk of items is read whole. */
const MOST_AT_ONCE = 4 * MB + 10.5 * MB;

let node: FanwireNode;
let id: string;
let expected: WorkflowEvent[];
let largestReply = 0;

function bytesOf(reply: unknown): number {
  if (typeof reply === "string") return reply.length;
  return Array.isArray(reply) ? reply.reduce((sum: number, part) => sum + bytesOf(part), 0) : 8;
}

beforeAll(async () => {
  node = await startTestNode();
  const { redis } = node;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command: Command, ...rest) => {
    (command.promise as Promise<unknown>).then((reply) => { largestReply = Math.max(largestReply, bytesOf(reply)); }, () => undefined);
    return send(command, ...rest);
  };
  const each = task("each", { handler: "transform", input: { expression: "text & i", data: { text: "{{ text }}", i: "{{ i }}" } }, expansion: expansion({ array: { i: `[1..${ITEMS}]` } }) });
  const fiveTimes = { handler: "transform", input: { expression: "text & text & text & text & text", data: { text: "{{ text }}" } } };
  const singles = Array.from({ length: SINGLE }, (_, i) => task(`s${i}`, fiveTimes));
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(each, ...singles), context: { text: "x".repeat(RESULT_CHARS) } });
  expect(problems).toEqual([]);
  id = workflowId as string;
  expect((await finished(node, id)).status).toBe("COMPLETED");
  expected = await pagesWithout();
  largestReply = 0;
}, 60_000);
afterAll(() => node.stop());

/** The whole log, without results. */
async function pagesWithout(): Promise<WorkflowEvent[]> {
  const events: WorkflowEvent[] = [];
  for await (const event of node.events.subscribe(id)) events.push(event);
  return events;
}

const sizeOfResults = (events: readonly WorkflowEvent[]): number => events.reduce((sum, event) => sum + (event.kind === "task" && typeof event.result === "string" ? event.result.length : 0), 0);

/** What was seen of the events, without keeping their results. */
const seen = ({ seq, type, ...event }: WorkflowEvent): object => ({ seq, type, item: event.kind === "task" ? event.item : undefined, chars: event.kind === "task" && typeof event.result === "string" ? event.result.length : undefined });

function expectAll(found: readonly object[]): void {
  expect(found.map((event) => (event as { seq: number }).seq)).toEqual(expected.map(({ seq }) => seq));
  const results = found as { type: string; item?: string; chars?: number }[];
  const ofItems = results.filter(({ type, item }) => type === "TASK_COMPLETED" && item !== undefined);
  expect(new Set(ofItems.map(({ item }) => item)).size).toBe(ITEMS);
  expect(ofItems.every(({ chars }) => chars !== undefined && chars > RESULT_CHARS)).toBe(true);
  expect(results.filter(({ chars }) => chars === SINGLE_CHARS)).toHaveLength(SINGLE);
}

async function pull(source: LiveSource<WorkflowEvent>): Promise<{ found: object[]; largestPull: number }> {
  const found: object[] = [];
  let largestPull = 0;
  for (;;) {
    const events = await source.pull();
    if (!events) break;
    if (events.length === 0) await source.changed();
    largestPull = Math.max(largestPull, sizeOfResults(events));
    found.push(...events.filter(({ workflowId }) => workflowId === id).map(seen));
    if (events.some((event) => event.workflowId === id && isTerminalEvent(event))) break;
  }
  await source.return?.();
  return { found, largestPull };
}

test("a subscription pulls a few megabytes at a time, and gets every event with its result once", async () => {
  const { found, largestPull } = await pull(node.events.subscribe(id, { withResults: true }));
  expectAll(found);
  expect(largestPull).toBeLessThan(MOST_AT_ONCE);
  expect(largestReply).toBeLessThan(MOST_AT_ONCE);
});

test("wherever a page was cut, its last cursor goes on there", async () => {
  const found: object[] = [];
  let after: string | undefined;
  for (let isOver = false; !isOver;) {
    const source = node.events.subscribe(id, { withResults: true, ...(after === undefined ? {} : { after }) });
    await source.ready();
    const events = (await source.pull()) ?? [];
    await source.return?.();
    found.push(...events.map(seen));
    after = events.at(-1)?.cursor ?? after;
    isOver = events.some(isTerminalEvent);
  }
  expectAll(found);
});

test("a page of a thousand events ends early, says that there is more, and the pages together are the log", async () => {
  const found: object[] = [];
  let after: string | undefined;
  let pages = 0;
  for (let hasMore = true; hasMore; pages++) {
    const page = await node.events.readEvents(id, 1_000, { withResults: true, ...(after === undefined ? {} : { after }) });
    expect(sizeOfResults(page.events)).toBeLessThan(MOST_AT_ONCE);
    found.push(...page.events.map(seen));
    ({ hasMore } = page);
    after = page.events.at(-1)?.cursor ?? after;
  }
  expectAll(found);
  expect(pages).toBeGreaterThan(5);
  expect(largestReply).toBeLessThan(MOST_AT_ONCE);
});

test("a subscription to many workflows reads results as carefully, and goes on behind any of its cursors", async () => {
  const start = makeFeedCursor({ steps: ["0-0"] });
  const whole = await pull(node.events.subscribeAll(CALLER.tenant, {}, { after: start, withResults: true }));
  expectAll(whole.found);
  expect(whole.largestPull).toBeLessThan(MOST_AT_ONCE);
  const found: object[] = [];
  let after = start;
  for (let isOver = false; !isOver;) {
    const source = node.events.subscribeAll(CALLER.tenant, {}, { after, withResults: true });
    const events = (await source.pull()) ?? [];
    await source.return?.();
    found.push(...events.map(seen));
    after = events.at(-1)?.cursor ?? after;
    isOver = events.some(isTerminalEvent);
  }
  expectAll(found);
});

test("who does not ask for results does not read them", async () => {
  largestReply = 0;
  await pagesWithout();
  expect(largestReply).toBeLessThan(MB);
});
