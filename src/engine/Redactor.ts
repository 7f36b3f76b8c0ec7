/** Takes texts out of whatever leaves an attempt: as they are, and in the forms that headers, URLs and JSON give them. */

import { FanwireError } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";

export class Redactor {
  /** Longest first, so that no part of one is left by another. */
  readonly #needles: readonly string[];

  /** @param values not empty, each at least a few characters long: everything that holds one is changed */
  constructor(values: readonly string[], private readonly mask: string) {
    this.#needles = [...new Set(values.flatMap(formsOf))].sort((left, right) => right.length - left.length);
  }

  text(text: string): string {
    let clean = text;
    for (const needle of this.#needles) if (clean.includes(needle)) clean = clean.replaceAll(needle, this.mask);
    return clean;
  }

  /** A copy: strings and keys without the values, and the mask for a number that reads like one. */
  json(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return this.text(String(value)) === String(value) ? value : this.mask;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((element) => this.json(element));
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [this.text(key), this.json(field)]));
  }

  /** The same failure, without its cause and its stack. */
  error(error: unknown): unknown {
    if (error instanceof FanwireError) {
      const details = error.details === undefined ? {} : { details: this.#details(error.details) };
      return new FanwireError(this.text(error.code), this.text(error.message), { retryable: error.retryable, ...details });
    }
    return new Error(this.text(error instanceof Error ? error.message : String(error)));
  }

  #details(details: unknown): JsonValue {
    // What a handler gives as details may be anything.
    const text = JSON.stringify(details) as string | undefined;
    return text === undefined ? null : this.json(JSON.parse(text) as JsonValue);
  }
}

function formsOf(value: string): string[] {
  const encoded = encodeURIComponent(value);
  return [
    value, JSON.stringify(value).slice(1, -1), encoded, lowerCaseEscapes(encoded), encoded.replaceAll("%20", "+"),
    new URLSearchParams({ v: value }).toString().slice(2), ...base64Forms(value),
    Buffer.from(value).toString("hex"), Buffer.from(value).toString("hex").toUpperCase(),
  ].filter((form) => form.length >= 4 || form === value);
}

function lowerCaseEscapes(encoded: string): string {
  return encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/**
 * How base64 writes the value inside a longer text: it begins at the first, second or third of three bytes. Characters
 * that the neighbours have a part in are left out.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const inside = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64").replaceAll("=", "");
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    return whole.slice(first, last);
  });
  const all = [...inside, bytes.toString("base64")];
  return [...all, ...all.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))].filter((form) => form.length >= 4);
}
