/** What tests of subscriptions to many workflows share: taking events, and holding them against the logs. */

import { expect } from "vitest";
import type { EventFilter } from "../../src/events/eventFilter.js";
import type { FeedReadOptions } from "../../src/events/FeedIterator.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../support/terminalEvent.js";
import { CALLER } from "../support/testNode.js";

/** Takes events until so many came, or this many workflows have ended. Closes the subscription. */
export async function take(events: AsyncIterableIterator<WorkflowEvent>, until: { events?: number; ends?: number }): Promise<WorkflowEvent[]> {
  const taken: WorkflowEvent[] = [];
  let ends = 0;
  if (until.events === 0) {
    await events.return?.();
    return taken;
  }
  for await (const event of events) {
    taken.push(event);
    if (isTerminalEvent(event)) ends++;
    if (taken.length === until.events || ends === until.ends) break;
  }
  return taken;
}

/** Follows what happens from now on: once this resolves, where it begins is settled. */
export async function followFromNow(node: FanwireNode, filter: EventFilter = {}): Promise<AsyncIterableIterator<WorkflowEvent>> {
  const events = follow(node, filter);
  // Its question for the end of the feed goes out on the same connection, before this.
  await node.redis.ping();
  return events;
}

export function follow(node: FanwireNode, filter: EventFilter = {}, options: FeedReadOptions = {}): AsyncIterableIterator<WorkflowEvent> {
  return node.events.subscribeAll(CALLER.tenant, filter, options);
}

export interface SeenEvent { workflowId: string; seq: number }

export function byWorkflow<E extends SeenEvent>(events: readonly E[]): Map<string, E[]> {
  const found = new Map<string, E[]>();
  for (const event of events) found.set(event.workflowId, [...(found.get(event.workflowId) ?? []), event]);
  return found;
}

/** Without the cursors, which are of another kind than those of the logs. */
export function plain(events: readonly WorkflowEvent[] | undefined): object[] {
  return (events ?? []).map(({ cursor: _, ...event }) => event);
}

/** Each event of these workflows exactly once, each workflow's in order, and no others. */
export async function expectAllOf(node: FanwireNode, ids: readonly string[], seen: readonly WorkflowEvent[]): Promise<void> {
  const found = byWorkflow(seen);
  expect([...found.keys()].sort()).toEqual([...ids].sort());
  for (const id of ids) expect(plain(found.get(id))).toEqual(plain((await node.events.readEvents(id, 10_000)).events));
}
