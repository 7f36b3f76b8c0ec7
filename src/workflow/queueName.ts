/** What a queue may be called, and how far priorities go. */

export const DEFAULT_QUEUE = "default";

/** Priorities lie between minus this and this. */
export const MAX_PRIORITY = 1000;

/** Queue names are part of lane names and of the routing texts that scripts read. */
const QUEUE_NAME = /^[A-Za-z_][\w.:-]{0,127}$/;

/** Letters, digits and `_ . : -`, at most 128, the first a letter or `_`. */
export function isQueueName(name: string): boolean {
  return QUEUE_NAME.test(name);
}

export function isPriority(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= MAX_PRIORITY;
}
