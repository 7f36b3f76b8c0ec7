/** Schemas for results of the model's workflows, each with what it means said once more. */

import { FanwireError } from "../../src/errors.js";
import { isObject, type JsonObject, type JsonValue } from "../../src/workflow/json.js";
import { compileSchema } from "../../src/workflow/schemas/jsonSchema.js";
import { sentenceOf } from "../../src/workflow/schemas/violations.js";

const isText = (value: JsonValue): value is string => typeof value === "string";

const schemas: readonly (readonly [schema: JsonValue, fits: (value: JsonValue) => boolean])[] = [
  [{ type: ["string", "number", "null"] }, (value) => value === null || isText(value) || typeof value === "number"],
  [{ not: { type: "array", minItems: 2 } }, (value) => !(Array.isArray(value) && value.length >= 2)],
  [{ maxLength: 3, not: { const: null } }, (value) => value !== null && !(isText(value) && [...value].length > 3)],
  [{ properties: { id: { type: "integer" } } }, (value) => typeof value !== "object" || value === null || Array.isArray(value) || !("id" in value) || Number.isInteger(value.id)],
  [{ type: "array", items: { minimum: 2 } }, (value) => Array.isArray(value) && value.every((element) => typeof element !== "number" || element >= 2)],
];
export const SCHEMAS: readonly JsonValue[] = schemas.map(([schema]) => schema);

/** For the contexts of sub-workflows. */
const contextSchemas: readonly (readonly [schema: JsonValue, fits: (context: JsonObject) => boolean])[] = [
  [{ required: ["n"], properties: { n: { type: "integer" } } }, ({ n }) => Number.isInteger(n)],
  [{ properties: { xs: { type: "array", maxItems: 3 }, obj: { type: "object" } } }, ({ xs = [], obj = {} }) => Array.isArray(xs) && xs.length <= 3 && isObject(obj)],
  [{ not: { required: ["flag"], properties: { flag: { const: true } } } }, ({ flag }) => flag !== true],
];
export const CONTEXT_SCHEMAS: readonly JsonValue[] = contextSchemas.map(([schema]) => schema);

/** @throws FanwireError RESULT_INVALID, final; only its words are taken from what is tested */
export async function checkAgainstSchema(address: string, schema: JsonValue, result: JsonValue): Promise<void> {
  const [, fits] = schemas.find(([known]) => JSON.stringify(known) === JSON.stringify(schema)) as (typeof schemas)[number];
  if (fits(result)) return;
  const words = sentenceOf((await compileSchema(schema)).violations(result, ""));
  throw new FanwireError("RESULT_INVALID", `The result of ${address} does not fit its resultSchema: ${words}`, { retryable: false });
}

export function fitsContextSchema(schema: JsonValue, context: JsonObject): boolean {
  const [, fits] = contextSchemas.find(([known]) => JSON.stringify(known) === JSON.stringify(schema)) as (typeof contextSchemas)[number];
  return fits(context);
}
