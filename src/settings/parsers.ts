/** How the texts of settings become values: each answers a value, or what is wrong with what was given. */

import { formatDuration, parseDuration } from "../workflow/duration.js";
import { isQueueName } from "../workflow/queueName.js";
import { readRedisUrl } from "./redisUrl.js";

/** A value, or what is wrong with what was given. */
export type Parsed<T> = { value: T } | { problem: string };

const LEAST_BYTES = 1_024;

/** Environment and file give texts or plain values; numbers in a file may be written without quotes. */
function asText(input: unknown): string | undefined {
  if (typeof input === "string") return input.trim();
  return typeof input === "number" || typeof input === "boolean" ? String(input) : undefined;
}

export function integer(least: number, most: number): (input: unknown) => Parsed<number> {
  return (input) => {
    const digits = asText(input) ?? "";
    const value = Number(digits);
    return /^\d{1,9}$/.test(digits) && value >= least && value <= most ? { value } : { problem: `must be an integer from ${least} to ${most}` };
  };
}

export function text(form: RegExp, what: string): (input: unknown) => Parsed<string> {
  return (input) => {
    const value = asText(input);
    return value !== undefined && form.test(value) ? { value } : { problem: `must be ${what}` };
  };
}

/** In a file a list serves as well. */
export function queueNames(input: unknown): Parsed<readonly string[]> {
  const names = Array.isArray(input) ? input.map((name) => asText(name) ?? "") : (asText(input) ?? "").split(",").map((name) => name.trim());
  const range = "must be names of queues, separated by commas: letters, digits and _ . : -";
  return names.length > 0 && names.length <= 100 && names.every(isQueueName) ? { value: [...new Set(names)] } : { problem: range };
}

/** In a file a list serves as well. */
export function kafkaBrokers(input: unknown): Parsed<readonly string[]> {
  const brokers = Array.isArray(input) ? input.map((broker) => asText(broker) ?? "") : (asText(input) ?? "").split(",").map((broker) => broker.trim());
  const isBroker = (broker: string): boolean => /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/.test(broker);
  return brokers.length > 0 && brokers.every(isBroker) ? { value: brokers } : { problem: "must be brokers, separated by commas, each as host:port" };
}

export function hidden(input: unknown): Parsed<() => string> {
  const value = typeof input === "string" ? input : undefined;
  return value === undefined ? { problem: "must be text" } : { value: () => value };
}

export function oneOf<const T extends string>(values: readonly T[]): (input: unknown) => Parsed<T> {
  return (input) => {
    const value = values.find((candidate) => candidate === asText(input));
    return value === undefined ? { problem: `must be one of ${values.join(", ")}` } : { value };
  };
}

export function flag(input: unknown): Parsed<boolean> {
  const value = asText(input);
  return value === "true" || value === "false" ? { value: value === "true" } : { problem: "must be true or false" };
}

export function duration(leastMs: number, mostMs: number): (input: unknown) => Parsed<number> {
  return (input) => {
    try {
      const value = parseDuration(typeof input === "string" ? input : "");
      const range = `must be from ${formatDuration(leastMs)} to ${formatDuration(mostMs)} long`;
      return value >= leastMs && value <= mostMs ? { value } : { problem: range };
    } catch {
      return { problem: "must be a duration with its unit, such as 500ms, 30s, 15m, 12h or 7d" };
    }
  };
}

export function redisUrl(input: unknown): Parsed<string> {
  const value = asText(input) ?? "";
  const read = readRedisUrl(value);
  return "problem" in read ? read : { value };
}

export function isClusterUrl(url: string | undefined): boolean {
  const read = readRedisUrl(url ?? "");
  return "place" in read && read.place.kind === "cluster";
}

function bytesOf(text: string): number | undefined {
  const match = /^(\d{1,9})(KiB|MiB)?$/.exec(text);
  return match ? Number(match[1]) * (match[2] === "MiB" ? 1_048_576 : match[2] === "KiB" ? 1_024 : 1) : undefined;
}

export function sizeUpTo(most: string): (input: unknown) => Parsed<number> {
  return (input) => {
    const value = bytesOf(asText(input) ?? "");
    const fits = value !== undefined && value >= LEAST_BYTES && value <= (bytesOf(most) as number);
    return fits ? { value } : { problem: `must be a size from 1KiB to ${most}, such as 100000, 300KiB or 2MiB` };
  };
}
