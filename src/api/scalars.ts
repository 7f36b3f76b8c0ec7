/** The API's own scalars: JSON, DateTime, Duration, Cursor. */

import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import type { ObjectValueNode, ValueNode } from "graphql";
import { formatDuration, parseDuration } from "../workflow/duration.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { formatInstant } from "./instant.js";

type Variables = Readonly<Record<string, unknown>> | null | undefined;

export const JSONScalar = new GraphQLScalarType<JsonValue, JsonValue>({
  name: "JSON",
  description:
    "Any JSON value: null, boolean, number (IEEE double), string, list or object. In a document it is written as a " +
    "GraphQL literal, which may hold variables.",
  serialize: (value) => value as JsonValue,
  parseValue: (value) => value as JsonValue,
  parseLiteral: (node, variables) => literalToJson(node, variables) ?? null,
});

/** Undefined only for a variable without value. */
function literalToJson(node: ValueNode, variables: Variables): JsonValue | undefined {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.BOOLEAN:
    case Kind.STRING:
    case Kind.ENUM:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return literalToNumber(node.value, node);
    case Kind.LIST:
      return node.values.map((item) => literalToJson(item, variables) ?? null);
    case Kind.OBJECT:
      return literalToObject(node, variables);
    case Kind.VARIABLE:
      return variables?.[node.name.value] as JsonValue | undefined;
  }
}

function literalToNumber(text: string, node: ValueNode): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new GraphQLError(`The number ${text.slice(0, 40)} is too large for JSON.`, { nodes: node });
  return value;
}

function literalToObject(node: ObjectValueNode, variables: Variables): JsonObject {
  const object: JsonObject = {};
  for (const field of node.fields) {
    const value = literalToJson(field.value, variables);
    if (value === undefined) continue;
    // Assigning to "__proto__" would change the object's prototype; as an own property it is data that validation can see.
    Object.defineProperty(object, field.name.value, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

function parseInstant(value: unknown): number {
  const ms = typeof value === "string" && ISO_INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new GraphQLError("DateTime must be a string of ISO 8601 with a zone, for instance 2030-01-31T12:00:00Z.");
  }
  return ms;
}

/** Inside the server a DateTime is epoch milliseconds. */
export const DateTimeScalar = new GraphQLScalarType<number, string>({
  name: "DateTime",
  description:
    "An instant as ISO 8601: given out in UTC with milliseconds (2030-01-31T12:00:00.000Z); taken with any zone, which must be there.",
  serialize: (value) => formatInstant(value as number),
  parseValue: parseInstant,
  parseLiteral: (node) => parseInstant(node.kind === Kind.STRING ? node.value : undefined),
});

function readDuration(value: unknown): number {
  if (typeof value !== "string") throw new GraphQLError('Duration must be a string, for instance "250ms", "30s" or "PT30S".');
  try {
    return parseDuration(value);
  } catch (error) {
    throw new GraphQLError(error instanceof Error ? error.message : String(error));
  }
}

/** Inside the server a Duration is milliseconds. */
export const DurationScalar = new GraphQLScalarType<number, string>({
  name: "Duration",
  description:
    'A length of time: a number with the unit ms, s, m, h or d ("250ms", "30s", "5m", "2h", "7d"), or ISO 8601 with weeks ' +
    'to seconds ("PT30S"); 0 to 10 years, in whole milliseconds. Given out in the first form, in the largest unit that is exact.',
  serialize: (value) => formatDuration(value as number),
  parseValue: readDuration,
  parseLiteral: (node) => readDuration(node.kind === Kind.STRING ? node.value : undefined),
});

function readCursor(value: unknown): string {
  if (typeof value !== "string") throw new GraphQLError("Cursor must be a string that this server gave out.");
  return value;
}

export const CursorScalar = new GraphQLScalarType<string, string>({
  name: "Cursor",
  description: "A position in a workflow's event log. Opaque: keep it and give it back, nothing else.",
  serialize: (value) => value as string,
  parseValue: readCursor,
  parseLiteral: (node) => readCursor(node.kind === Kind.STRING ? node.value : undefined),
});
