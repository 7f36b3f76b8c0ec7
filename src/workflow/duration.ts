/** Durations as people write them ("30s", "PT30S"), and back. */

import { FanwireError } from "../errors.js";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** Ten years of 365 days. */
export const MAX_DURATION_MS = 3_650 * UNIT_MS.d;

const SHORT = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/;
const NUMBER = "(\\d{1,15}(?:\\.\\d{1,9})?)";
const ISO = new RegExp(`^P(?:${NUMBER}W)?(?:${NUMBER}D)?(?:T(?=\\d)(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`);
const ISO_UNITS_MS = [7 * UNIT_MS.d, UNIT_MS.d, UNIT_MS.h, UNIT_MS.m, UNIT_MS.s] as const;

/**
 * Milliseconds (whole, 0 to MAX_DURATION_MS) of "250ms", "1.5s", "5m", "2h", "7d", or of an ISO 8601 duration of weeks,
 * days, hours, minutes and seconds ("PT30S", "P1DT2H", "P2W"). Years and months have no fixed length and are refused.
 * @throws FanwireError INVALID_VALUE
 */
export function parseDuration(text: string): number {
  const ms = shortMs(text.trim()) ?? isoMs(text.trim());
  if (ms === undefined) {
    throw new FanwireError("INVALID_VALUE", `${JSON.stringify(text.slice(0, 60))} is not a duration. Write it like 250ms, 30s, 5m, 2h, 7d, or in ISO 8601: PT30S`);
  }
  if (ms > MAX_DURATION_MS) {
    throw new FanwireError("INVALID_VALUE", `The duration ${JSON.stringify(text.slice(0, 60))} is longer than 10 years (${formatDuration(MAX_DURATION_MS)})`);
  }
  return Math.round(ms);
}

/**
 * The shortest exact way to write a duration, in the largest unit that gives a whole number: 90000 is "90s", 120000 is
 * "2m", 0 is "0s".
 * @param ms whole milliseconds, 0 or more; fractions are rounded
 */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  const units: Unit[] = ["d", "h", "m", "s"];
  const unit = whole === 0 ? "s" : (units.find((candidate) => whole % UNIT_MS[candidate] === 0) ?? "ms");
  return `${whole / UNIT_MS[unit]}${unit}`;
}

function shortMs(text: string): number | undefined {
  const match = SHORT.exec(text);
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2] as Unit];
}

function isoMs(text: string): number | undefined {
  const parts = ISO.exec(text)?.slice(1);
  if (parts === undefined || parts.every((part) => part === undefined)) return undefined;
  return parts.reduce((sum, part, index) => sum + (part === undefined ? 0 : Number(part) * (ISO_UNITS_MS[index] as number)), 0);
}
