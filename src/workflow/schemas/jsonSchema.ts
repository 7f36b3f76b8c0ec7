/** JSON Schemas of definitions: each is compiled once per process, and values are checked against it synchronously. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { JsonObject, JsonValue } from "../json.js";
import { compileCheck, NoSchema } from "./library.js";
import type { Check } from "./library.js";
import { SCHEMA_LIMITS, SchemaLimit } from "./limits.js";
import { readSchema } from "./readSchema.js";
import { violationsOf } from "./violations.js";
import type { Violation } from "./violations.js";

export class JsonSchema {
  constructor(private readonly schema: JsonObject | boolean, private readonly check: Check) {}

  /**
   * Everything that the value has against the schema, up to SCHEMA_LIMITS.violations; [] when it fits. A value whose
   * check would go beyond the limits does not fit.
   * @param path of the value, with which the paths of the violations begin
   */
  violations(value: JsonValue, path: string): Violation[] {
    try {
      return violationsOf(this.check.run(value), this.schema, value, path);
    } catch (error) {
      // A schema can refer to itself for ever without a step into the value.
      if (error instanceof SchemaLimit) return [{ path, message: `cannot be checked: ${error.message}` }];
      if (error instanceof RangeError) return [{ path, message: "cannot be checked: it is nested too deep" }];
      throw error;
    }
  }
}

/** By the schema's text, the least recently used first. */
const kept = new Map<string, Promise<JsonSchema>>();
let keptChars = 0;
/** Of the same object the text need not be made again. */
const known = new WeakMap<object, JsonSchema>();

/** The schema compiled, if this process has it: the same object was compiled before. */
export function compiledSchema(schema: JsonValue): JsonSchema | undefined {
  return typeof schema === "object" && schema !== null ? known.get(schema) : undefined;
}

/** Compiles a schema that schemaProblems found nothing wrong with. @throws Error otherwise */
export async function compileSchema(schema: JsonValue): Promise<JsonSchema> {
  const before = compiledSchema(schema);
  if (before !== undefined) return before;
  const compiled = await keptSchema(schema);
  if (typeof schema === "object" && schema !== null) known.set(schema, compiled);
  return compiled;
}

/** Why a schema cannot be used: SCHEMA_INVALID, LIMIT_EXCEEDED; [] when it can, and it is compiled then. */
export async function schemaProblems(schema: JsonValue, path: string): Promise<Problem[]> {
  const { problems } = readSchema(schema, path);
  if (problems.length > 0) return problems;
  try {
    await compileSchema(schema);
    return [];
  } catch (error) {
    if (!(error instanceof NoSchema)) return [problem("SCHEMA_INVALID", `The schema cannot be used: ${reasonOf(error)}`, path)];
    // Of the draft's own schema's words only the places say something.
    const places = new Set(violationsOf(error.failures, true, schema, path).map((violation) => violation.path));
    return [...places].map((place) => problem("SCHEMA_INVALID", "This is not of the form that JSON Schema asks for here", place));
  }
}

async function keptSchema(schema: JsonValue): Promise<JsonSchema> {
  const text = JSON.stringify(schema);
  const before = kept.get(text);
  if (before !== undefined) {
    kept.delete(text);
    kept.set(text, before);
    return before;
  }
  const made = make(schema);
  kept.set(text, made);
  keptChars += text.length;
  made.catch(() => forget(text));
  for (const oldest of kept.keys()) {
    if (kept.size <= SCHEMA_LIMITS.kept && keptChars <= SCHEMA_LIMITS.keptChars) break;
    forget(oldest);
  }
  return made;
}

function forget(text: string): void {
  if (kept.delete(text)) keptChars -= text.length;
}

async function make(value: JsonValue): Promise<JsonSchema> {
  const { schema, draft, problems } = readSchema(value, "");
  if (problems[0] !== undefined) throw new Error(problems[0].message);
  return new JsonSchema(schema, await compileCheck(schema, draft));
}

function reasonOf(error: unknown): string {
  // Only the first line is about the schema.
  return error instanceof Error ? (error.message.split("\n")[0] as string).replaceAll(/https:\/\/schema\.invalid\/\d+/g, "") : String(error);
}
