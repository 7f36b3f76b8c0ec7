/** The state of the queues, put together of what each shard tells (lua/queueState.lua). */

import type { QueueState } from "../engine/Fleet.js";
import { DEFAULT_QUEUE } from "../workflow/queueName.js";

const FIELD = { R: "ready", X: "running", W: "delayed" } as const;

/** The default one first, then by name. @param served queues that somebody serves: shown even if they hold nothing */
export function queueStates(replies: readonly string[][], served: ReadonlySet<string>): QueueState[] {
  const queues = new Map<string, QueueState>();
  const of = (name: string): QueueState => {
    const known = queues.get(name) ?? { name, ready: 0, running: 0, delayed: 0 };
    queues.set(name, known);
    return known;
  };
  for (const name of [DEFAULT_QUEUE, ...served]) of(name);
  for (const reply of replies) addShard(reply, of);
  const isDefault = ({ name }: QueueState): number => Number(name === DEFAULT_QUEUE);
  const sorted = [...queues.values()].sort((a, b) => isDefault(b) - isDefault(a) || (a.name < b.name ? -1 : 1));
  return sorted.map((queue) => ({ ...queue, ready: Math.max(0, queue.ready), running: Math.max(0, queue.running), delayed: Math.max(0, queue.delayed) }));
}

/** Counts without a queue are those of all queues together. */
function addShard([counts, ...values]: readonly string[], of: (name: string) => QueueState): void {
  const size = Number(counts);
  const rest = of(DEFAULT_QUEUE);
  for (let i = 0; i < size; i += 2) {
    const [letter, queue] = (values[i] as string).split("@") as [keyof typeof FIELD, string?];
    const count = Number(values[i + 1]);
    rest[FIELD[letter]] += queue === undefined ? count : -count;
    if (queue !== undefined) of(queue)[FIELD[letter]] += count;
  }
  for (let i = size; i < values.length; i += 2) {
    const queue = of(values[i] === "" ? DEFAULT_QUEUE : (values[i] as string));
    queue.oldestReadyMs = Math.min(queue.oldestReadyMs ?? Infinity, Number(values[i + 1]));
  }
}
