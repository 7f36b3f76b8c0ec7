/** Standard Schema (https://standardschema.dev, version 1): what zod, valibot, arktype and others implement, as far as it is used here. */

import { FanwireError } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import { childPath } from "../workflow/jsonTree.js";

export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>;
    /** Standard JSON Schema, where the library has it. */
    readonly jsonSchema?: { input(options: JsonSchemaOptions): Record<string, unknown>; output(options: JsonSchemaOptions): Record<string, unknown> };
  };
}

export type StandardResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

interface JsonSchemaOptions { target: "draft-2020-12" }

/** What the schema takes. */
export type InferInput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["input"];
/** What it makes of that. */
export type InferOutput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"];

/** Issues that are kept with the error: it is part of an event. */
const MAX_TOLD = 20;
const MAX_SHOWN = 3;

/**
 * The value as the schema makes it; synchronous when the schema is.
 * @param what begins the message: "The input of pay"
 * @throws FanwireError with that code, not to be tried again, which names the places that do not fit
 */
export function fitted<S extends StandardSchema>(schema: S, value: unknown, what: string, code: "INPUT_INVALID" | "RESULT_INVALID"): InferOutput<S> | Promise<InferOutput<S>> {
  const result = schema["~standard"].validate(value);
  return isThenable(result) ? Promise.resolve(result).then((settled) => valueOf(settled, what, code)) : valueOf(result, what, code);
}

/** JSON Schema for people and tools; undefined when the library has none for it. */
export function jsonSchemaOf(schema: StandardSchema | undefined, side: "input" | "output"): JsonValue | undefined {
  try {
    return schema?.["~standard"].jsonSchema?.[side]({ target: "draft-2020-12" }) as JsonValue | undefined;
  } catch {
    // Of what JSON Schema cannot say, libraries refuse to make one; the schema itself still holds.
    return undefined;
  }
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<T>).then === "function";
}

function valueOf<T>(result: StandardResult<T>, what: string, code: string): T {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const shown = issues.slice(0, MAX_SHOWN).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  const more = issues.length > MAX_SHOWN ? `; and ${issues.length - MAX_SHOWN} more` : "";
  throw new FanwireError(code, `${what} does not fit: ${shown}${more}`, { retryable: false, details: { issues: issues.slice(0, MAX_TOLD) } });
}

/** As people write it: order.items[2].price */
function pathOf({ path = [] }: StandardIssue): string {
  const keys = path.map((part) => (typeof part === "object" ? part.key : part));
  return keys.reduce<string>((place, key) => childPath(place, typeof key === "symbol" ? String(key) : key), "").replace(/^\./, "");
}
