/** Equal subscriptions share one execution per event and its bytes; others do not; whoever is behind or slow loses nothing and holds up nobody. */

import { parse } from "graphql";
import type { GraphQLSchema } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContext } from "../../src/api/context.js";
import type { ApiContext } from "../../src/api/context.js";
import { createSchema } from "../../src/api/schema.js";
import type { Outbox } from "../../src/api/subscriptions/Outbox.js";
import { variablesOfPayload } from "../../src/api/subscriptions/payloadVariables.js";
import { SharedSubscriptions } from "../../src/api/subscriptions/SharedSubscriptions.js";
import { Subscriber } from "../../src/api/subscriptions/Subscriber.js";
import { WorkflowReads } from "../../src/api/WorkflowReads.js";
import type { FanwireNode } from "../../src/main.js";
import { silentLog } from "../../src/runtime/log.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, eventsOf, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

let node: FanwireNode;
let schema: GraphQLSchema;
beforeAll(async () => {
  node = await startTestNode();
  schema = await createSchema();
});
afterAll(() => node.stop());

/** Keeps what it is given; takes nothing while it is full. */
class Kept implements Outbox {
  readonly payloads: Buffer[] = [];
  #listeners: (() => void)[] = [];
  #full = false;

  get full(): boolean {
    return this.#full;
  }

  set full(full: boolean) {
    this.#full = full;
    if (!full) for (const listener of this.#listeners.splice(0)) listener();
  }

  put(payloads: readonly Buffer[]): void {
    if (this.#full) throw new Error("It was full");
    this.payloads.push(...payloads);
  }

  whenFree(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get events(): { seq: number; type: string; cursor: string }[] {
    return this.payloads.map((payload) => (JSON.parse(String(payload)) as { data: { workflowEvents: { seq: number; type: string; cursor: string } } }).data.workflowEvents);
  }
}

const EVENTS = "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq type cursor } }";

function contextOf(tenant: string): ApiContext {
  const { engine, events, fleet, remoteWorkers: workers } = node;
  const context = createContext({ engine, events, fleet, workers, server: { version: "0", startedMs: 0, redisStatus: () => node.redisStatus(), kafkaStatus: () => Promise.resolve("off") } });
  const caller = { tenant };
  return { ...context, caller, reads: new WorkflowReads(engine, caller), renewed: () => contextOf(tenant) };
}

interface Wanted {
  query?: string;
  tenant?: string;
  outbox?: Kept;
}

async function subscribe(all: SharedSubscriptions, variables: object, { query = EVENTS, tenant = CALLER.tenant, outbox = new Kept() }: Wanted = {}): Promise<{ outbox: Kept; subscriber: Subscriber }> {
  const subscriber = await all.subscribe({ schema, document: parse(query), variableValues: { ...variables }, contextValue: contextOf(tenant) }, outbox);
  if (!(subscriber instanceof Subscriber)) throw new Error(JSON.stringify(subscriber));
  return { outbox, subscriber };
}

/** Waits for `go`, then makes a few hundred events. */
async function waitingWorkflow(): Promise<string> {
  const definition = { ...oneGroup(task("each", { handler: "log", input: { go: "{{ go }}" }, expansion: expansion({ array: { x: "[1..300]" }, maxParallel: 10 }) })), externalKeys: ["go"] };
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition });
  expect(problems).toEqual([]);
  return workflowId as string;
}

const go = (id: string): Promise<unknown> => node.engine.provideContext(CALLER, id, { go: 1 });
const seqs = (events: readonly { seq: number }[]): number[] => events.map(({ seq }) => seq);

test("fifty equal subscriptions are one execution, and each event is one piece of memory for all of them", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const subscribed = await Promise.all(Array.from({ length: 50 }, () => subscribe(all, { id })));
  await waitFor(() => subscribed.every(({ outbox }) => outbox.payloads.length > 0));
  expect(all.executions).toBe(1);
  await go(id);
  await Promise.all(subscribed.map(({ subscriber }) => subscriber.done));
  const log = await eventsOf(node, id);
  const first = subscribed[0]?.outbox as Kept;
  expect(seqs(first.events)).toEqual(seqs(log));
  for (const { outbox } of subscribed) {
    expect(outbox.payloads.length).toBe(log.length);
    expect(outbox.payloads.every((payload, i) => payload === first.payloads[i])).toBe(true);
  }
  expect(all.executions).toBe(0);
});

test("another document, variables that show, or other rights are another execution; where it starts is not", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const shows = "subscription($id: ID!, $more: Boolean!) { workflowEvents(id: $id) { seq at @include(if: $more) } }";
  const first = await subscribe(all, { id });
  await waitFor(() => first.outbox.payloads.length > 0);
  const executionsWith = async (variables: object, wanted?: Wanted): Promise<number> => {
    const { outbox } = await subscribe(all, variables, wanted);
    if (!("after" in variables)) await waitFor(() => outbox.payloads.length > 0);
    return all.executions;
  };
  expect(await executionsWith({ id, after: first.outbox.events.at(-1)?.cursor })).toBe(1);
  expect(await executionsWith({ id }, { query: EVENTS.replace("cursor }", "cursor at }") })).toBe(2);
  expect(await executionsWith({ id, more: true }, { query: shows })).toBe(3);
  expect(await executionsWith({ id, more: true }, { query: shows })).toBe(3);
  expect(await executionsWith({ id, more: false }, { query: shows })).toBe(4);
  await expect(subscribe(all, { id }, { tenant: "other" })).rejects.toThrow("There is no workflow");
  expect(all.executions).toBe(4);
  await node.engine.cancelWorkflow(CALLER, id);
});

test("resuming from every place of the log, all at the same time, gives each the rest, and all end up in one execution", async () => {
  const id = await waitingWorkflow();
  await go(id);
  const log = await eventsOf(node, id);
  const all = new SharedSubscriptions(silentLog);
  const subscribed = await Promise.all(log.slice(0, -1).map((event) => subscribe(all, { id, after: event.cursor })));
  await Promise.all(subscribed.map(({ subscriber }) => subscriber.done));
  subscribed.forEach(({ outbox }, i) => expect(seqs(outbox.events)).toEqual(seqs(log).slice(i + 1)));

  const waits = await waitingWorkflow();
  const start = await subscribe(all, { id: waits });
  await waitFor(() => start.outbox.payloads.length === 2);
  await subscribe(all, { id: waits, after: start.outbox.events[0]?.cursor });
  await subscribe(all, { id: waits, after: "LATEST" });
  await waitFor(() => all.executions === 1, { what: "those that were behind to join" });
  await node.engine.cancelWorkflow(CALLER, waits);
});

test("one that takes nothing holds up nobody, is not read for, and gets everything once it takes again", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const [slow, quick] = [await subscribe(all, { id }), await subscribe(all, { id })];
  await waitFor(() => slow.outbox.payloads.length === 2 && quick.outbox.payloads.length === 2);
  slow.outbox.full = true;
  await go(id);
  await quick.subscriber.done;
  const log = await eventsOf(node, id);
  expect(seqs(quick.outbox.events)).toEqual(seqs(log));
  expect(slow.outbox.payloads.length).toBe(2);
  slow.outbox.full = false;
  await slow.subscriber.done;
  expect(seqs(slow.outbox.events)).toEqual(seqs(log));
});

test("when all but one take nothing, that one still gets everything", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const [quick, ...slow] = await Promise.all(Array.from({ length: 5 }, () => subscribe(all, { id })));
  await waitFor(() => slow.every(({ outbox }) => outbox.payloads.length === 2));
  for (const { outbox } of slow) outbox.full = true;
  await go(id);
  await quick?.subscriber.done;
  const log = await eventsOf(node, id);
  expect(seqs(quick?.outbox.events ?? [])).toEqual(seqs(log));
  // One stops while it is full, the others take again.
  slow[0]?.subscriber.stop();
  for (const { outbox } of slow) outbox.full = false;
  await Promise.all(slow.map(({ subscriber }) => subscriber.done));
  for (const { outbox } of slow.slice(1)) expect(seqs(outbox.events)).toEqual(seqs(log));
  expect(slow[0]?.outbox.payloads.length).toBe(2);
  expect(all.executions).toBe(0);
});

test("who stops leaves the others alone, and the last one takes the execution along", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const [a, b] = [await subscribe(all, { id }), await subscribe(all, { id })];
  await waitFor(() => a.outbox.payloads.length === 2 && b.outbox.payloads.length === 2);
  a.subscriber.stop();
  await a.subscriber.done;
  await go(id);
  await b.subscriber.done;
  expect(seqs(b.outbox.events)).toEqual(seqs(await eventsOf(node, id)));
  expect(a.outbox.payloads.length).toBe(2);
  const waits = await waitingWorkflow();
  const last = await subscribe(all, { id: waits });
  await waitFor(() => last.outbox.payloads.length === 2);
  last.subscriber.stop();
  await waitFor(() => all.executions === 0);
  await node.engine.cancelWorkflow(CALLER, waits);
});

test("progress: each has a snapshot at once, and then all share the next ones", async () => {
  const id = await waitingWorkflow();
  const all = new SharedSubscriptions(silentLog);
  const query = 'subscription($id: ID!) { workflowProgress(id: $id, throttle: "5ms") { status counts { completed } } }';
  const subscribed = await Promise.all(Array.from({ length: 10 }, () => subscribe(all, { id }, { query })));
  await waitFor(() => subscribed.every(({ outbox }) => outbox.payloads.length > 0) && all.executions === 1, { what: "one execution" });
  await go(id);
  await Promise.all(subscribed.map(({ subscriber }) => subscriber.done));
  const [first] = subscribed;
  for (const { outbox } of subscribed) {
    expect(outbox.payloads.length).toBeGreaterThan(1);
    expect(outbox.payloads.at(-1)).toBe(first?.outbox.payloads.at(-1));
    expect(String(outbox.payloads.at(-1))).toContain('"status":"COMPLETED","counts":{"completed":300}');
  }
});

test("subscriptions to many workflows share as well, and resume behind each of their cursors", async () => {
  const all = new SharedSubscriptions(silentLog);
  const query = "subscription($name: String!, $after: Cursor) { events(filter: { name: $name }, after: $after) { workflowId seq cursor } }";
  const name = "shared_by_name";
  const seen = ({ outbox }: { outbox: Kept }): { workflowId: string; seq: number; cursor: string }[] =>
    outbox.payloads.map((payload) => (JSON.parse(String(payload)) as { data: { events: { workflowId: string; seq: number; cursor: string } } }).data.events);
  const live = await Promise.all(Array.from({ length: 10 }, () => subscribe(all, { name }, { query })));
  await waitFor(() => all.executions === 1, { what: "one execution" });
  const definition = { ...oneGroup(task("each", { handler: "log", input: {}, expansion: expansion({ array: { x: "[1..20]" } }) })), name };
  const ids = await Promise.all([1, 2, 3].map(async () => (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string));
  const logs = await Promise.all(ids.map((id) => eventsOf(node, id)));
  const total = logs.reduce((sum, log) => sum + log.length, 0);
  await waitFor(() => live.every(({ outbox }) => outbox.payloads.length === total), { what: "all events" });
  for (const one of live) expect(one.outbox.payloads.every((payload, i) => payload === live[0]?.outbox.payloads[i])).toBe(true);
  const events = seen(live[0] as { outbox: Kept });
  ids.forEach((id, i) => expect(seqs(events.filter(({ workflowId }) => workflowId === id))).toEqual(seqs(logs[i] ?? [])));
  const resumed = await Promise.all(events.slice(0, -1).map(({ cursor }) => subscribe(all, { name, after: cursor }, { query })));
  await waitFor(() => resumed.every(({ outbox }, i) => outbox.payloads.length === total - i - 1) && all.executions === 1, { what: "the rest, and one execution" });
  resumed.forEach((one, i) => expect(seen(one)).toEqual(events.slice(i + 1)));
  for (const { subscriber } of [...live, ...resumed]) subscriber.stop();
  expect(all.executions).toBe(0);
});

test.each([
  ["subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq } }", []],
  ["subscription($id: ID!, $b: Boolean!) { workflowEvents(id: $id) { seq @skip(if: $b) } }", ["b"]],
  ["subscription($id: ID!, $b: Boolean!) { workflowEvents(id: $id) @include(if: $b) { seq } }", ["b"]],
  ["subscription($id: ID!, $b: Boolean!) { workflowEvents(id: $id) { ...F } } fragment F on WorkflowEvent { seq @skip(if: $b) }", ["b"]],
  ["subscription($id: ID!) { ...F } fragment F on Subscription { workflowEvents(id: $id) { seq } }", ["id"]],
])("the variables that decide what is shown: %s", (query, names) => {
  expect(variablesOfPayload(parse(query), undefined)).toEqual(names);
});
