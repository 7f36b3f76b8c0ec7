/** Reading a handler's input: every refusal is INPUT_INVALID, names the field and never repeats its value, which may be a secret. */

import { FanwireError } from "../../errors.js";
import { isObject } from "../../workflow/json.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";

/** `field` is a path as people write it: url, headers.accept, retryOn[2]. */
export function invalidInput(field: string, expectation: string): FanwireError {
  return new FanwireError("INPUT_INVALID", `${field} ${expectation}`, { details: { field } });
}

/**
 * The input as an object with known fields only, so that a misspelt field is found rather than ignored.
 * @throws FanwireError INPUT_INVALID
 */
export function readFields(input: JsonValue | undefined, known: readonly string[]): JsonObject {
  if (!isObject(input)) throw invalidInput("input", `must be an object with the fields ${known.join(", ")}`);
  for (const field of Object.keys(input)) {
    if (!known.includes(field)) throw invalidInput(field, `is not a field of this handler; it has ${known.join(", ")}`);
  }
  return input;
}

/** The field, null when it is absent: templates have no way to leave a field out, so null says the same. */
export function optional<T>(fields: JsonObject, field: string, read: (value: JsonValue, field: string) => T): T | null {
  const value = fields[field];
  return value === undefined || value === null ? null : read(value, field);
}

export function readString(value: JsonValue | undefined, field: string): string {
  if (typeof value !== "string" || value === "") throw invalidInput(field, "must be a string that is not empty");
  return value;
}

export function readBoolean(value: JsonValue, field: string): boolean {
  if (typeof value !== "boolean") throw invalidInput(field, "must be true or false");
  return value;
}

export function readInteger(value: JsonValue, field: string, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw invalidInput(field, `must be a whole number from ${least} to ${most}`);
  }
  return value;
}
