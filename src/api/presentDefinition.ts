/** Definitions as documents: what is kept, in the form in which it can be submitted again. */

import type { WorkflowDefinition as DefinitionRecord } from "../workflow/definition.js";
import { formatDuration } from "../workflow/duration.js";
import { isObject } from "../workflow/json.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { WorkflowDefinition } from "./types/WorkflowDefinition.js";

export function presentDefinition(record: { definition: DefinitionRecord; version: number; hash: string; registeredMs?: number }): WorkflowDefinition {
  const { definition, version, hash, registeredMs } = record;
  return Object.assign(new WorkflowDefinition(), { name: definition.name, version, hash, document: toDocument(definition), registeredAt: registeredMs });
}

/** Parts of a definition that have durations of their own; everything else is left as it is, inputs of handlers above all. */
const PARTS = new Set(["groups", "tasks", "retry"]);

/** `timeoutMs: 30000` becomes `timeout: "30s"`, at every level of groups, tasks and their retries. */
export function toDocument(definition: DefinitionRecord): JsonObject {
  return part(JSON.parse(JSON.stringify(definition)) as JsonObject);
}

function part(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, field]): [string, JsonValue] => {
    if (key.endsWith("Ms") && typeof field === "number") return [key.slice(0, -2), formatDuration(field)];
    if (!PARTS.has(key)) return [key, field];
    if (Array.isArray(field)) return [key, field.map((element) => (isObject(element) ? part(element) : element))];
    return [key, isObject(field) ? part(field) : field];
  }));
}
