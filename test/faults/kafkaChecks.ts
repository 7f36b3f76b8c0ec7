/** What must hold of Kafka after any fault: the topic of events, each taken once, is what the logs say. */

import { expect } from "vitest";
import { eventData } from "../../src/events/kafka/cloudEvent.js";
import type { FanwireNode } from "../../src/main.js";
import type { JsonObject } from "../../src/workflow/json.js";
import type { TopicReader } from "../support/kafkaTopic.js";
import { eventsOf } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

export interface Envelope { id: string; type: string; subject: string; data: JsonObject & { seq: number } }

/** Waits until the workflows' last events have come, then compares all of them, each id taken once. @returns how many came more than once */
export async function expectTopicToBeTheLogs(node: FanwireNode, topic: TopicReader, ids: readonly string[], timeoutMs = 30_000): Promise<number> {
  const logs = new Map<string, JsonObject[]>();
  for (const id of ids) logs.set(id, (await eventsOf(node, id)).map((event) => eventData(event)));
  const expected = [...logs].flatMap(([id, events]) => events.map(({ seq }) => `${id}:${String(seq)}`));
  const missing = (): string[] => {
    const there = new Set(topic.values<Envelope>().map(({ id }) => id));
    return expected.filter((id) => !there.has(id));
  };
  await waitFor(() => missing().length === 0, { what: "every event on the topic", timeoutMs }).catch(() => undefined);
  expect(missing()).toEqual([]);
  const all = topic.values<Envelope>().filter(({ subject }) => logs.has(subject));
  const once = new Map(all.map((event) => [event.id, event]));
  for (const [id, events] of logs) {
    const mine = [...once.values()].filter(({ subject }) => subject === id).sort((a, b) => a.data.seq - b.data.seq);
    expect(mine.map(({ data }) => data)).toEqual(events);
  }
  return all.length - once.size;
}

/** Workflows whose events do not come in order on the topic, repetitions included. */
export function outOfOrder(topic: TopicReader): string[] {
  const last = new Map<string, number>();
  const wrong = new Set<string>();
  for (const { subject, data: { seq } } of topic.values<Envelope>()) {
    if (seq <= (last.get(subject) ?? 0)) wrong.add(subject);
    last.set(subject, seq);
  }
  return [...wrong];
}
