/**
 * Reads a JSON Schema that a client wrote: finds what it may not hold, and makes a copy with the keywords that assert
 * something and no others, so that nothing a schema carries besides can confuse what checks by it.
 */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { isObject } from "../json.js";
import type { JsonObject, JsonValue } from "../json.js";
import { childPath, describeKind } from "../jsonTree.js";
import { SCHEMA_LIMITS } from "./limits.js";
import { patternProblem } from "./patterns.js";

export type Draft = "https://json-schema.org/draft/2020-12/schema" | "http://json-schema.org/draft-07/schema";

export interface ReadSchema {
  /** With the same places as what was read: a pointer into one is a pointer into the other. */
  schema: JsonObject | boolean;
  draft: Draft;
  problems: Problem[];
}

type Kind = "SCHEMA" | "SCHEMA_OR_LIST" | "LIST" | "MAP" | "PLAIN";

const KEYWORDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...kinds("SCHEMA", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "additionalItems", "contains", "propertyNames", "not", "if", "then", "else"),
  ...kinds("SCHEMA_OR_LIST", "items"),
  ...kinds("LIST", "allOf", "anyOf", "oneOf", "prefixItems"),
  ...kinds("MAP", "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"),
  ...kinds("PLAIN", "type", "enum", "const", "required", "dependentRequired", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties",
    "maxProperties", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor"),
]);

const DRAFTS: ReadonlyMap<string, Draft> = new Map([
  ["https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema"],
  ["http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema"],
]);

function kinds(kind: Kind, ...names: string[]): [string, Kind][] {
  return names.map((name) => [name, kind]);
}

/** @param path of the schema, for problems; its JSON must not be deeper than MAX_JSON_DEPTH */
export function readSchema(schema: JsonValue, path: string): ReadSchema {
  const reader = new SchemaReader(path);
  const draft = reader.draft(schema);
  return { draft, schema: reader.schema(schema, path, 1), problems: reader.problems };
}

class SchemaReader {
  readonly problems: Problem[] = [];
  #count = 0;

  constructor(private readonly root: string) {}

  /** 2020-12 unless the schema says draft-07. */
  draft(schema: JsonValue): Draft {
    const named = isObject(schema) && Object.hasOwn(schema, "$schema") ? schema.$schema : "https://json-schema.org/draft/2020-12/schema";
    const known = typeof named === "string" ? DRAFTS.get(named.replace(/#$/, "")) : undefined;
    if (known === undefined) this.#wrong("$schema is not of a draft that is known here", childPath(this.root, "$schema"), `Known are ${[...DRAFTS.keys()].join(" and ")}.`);
    return known ?? "https://json-schema.org/draft/2020-12/schema";
  }

  schema(schema: JsonValue, path: string, depth: number): JsonObject | boolean {
    if (typeof schema === "boolean") return schema;
    if (!isObject(schema)) {
      this.#wrong(`A schema is an object, true or false, not ${describeKind(schema)}`, path);
      return true;
    }
    this.#count++;
    if (depth > SCHEMA_LIMITS.depth || this.#count > SCHEMA_LIMITS.subschemas) {
      if (depth > SCHEMA_LIMITS.depth || this.#count === SCHEMA_LIMITS.subschemas + 1) {
        this.problems.push(problem("LIMIT_EXCEEDED", `A schema holds at most ${SCHEMA_LIMITS.subschemas} others, ${SCHEMA_LIMITS.depth} levels deep`, path, "Use $defs and $ref for what repeats."));
      }
      return true;
    }
    this.#identifiers(schema, path, depth);
    const copy: JsonObject = {};
    for (const [keyword, value] of Object.entries(schema)) {
      const kind = KEYWORDS.get(keyword);
      if (kind !== undefined) copy[keyword] = this.#keyword(kind, keyword, value, childPath(path, keyword), depth);
    }
    return copy;
  }

  /** A schema of its own inside, or one elsewhere, would have to be found by its name. */
  #identifiers(schema: JsonObject, path: string, depth: number): void {
    if (depth > 1 && Object.hasOwn(schema, "$id")) this.#wrong("A schema inside another has no $id of its own", childPath(path, "$id"), "Put it under $defs and refer to it by #/$defs/name.");
    for (const keyword of ["$ref", "$dynamicRef"]) {
      const target = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
      if (typeof target !== "string" || target.startsWith("#")) continue;
      this.#wrong(`${keyword} leads out of the schema; schemas elsewhere are not fetched`, childPath(path, keyword), "Copy the schema under $defs and refer to it by #/$defs/name.");
    }
  }

  #keyword(kind: Kind, keyword: string, value: JsonValue, path: string, depth: number): JsonValue {
    if (keyword === "pattern" && typeof value === "string") this.#pattern(value, path);
    const asList = kind === "LIST" || kind === "SCHEMA_OR_LIST";
    if (asList && Array.isArray(value)) return value.map((entry, at) => this.schema(entry, childPath(path, at), depth + 1));
    if (kind === "MAP" && isObject(value)) return this.#map(keyword, value, path, depth);
    if (kind === "SCHEMA" || (kind === "SCHEMA_OR_LIST" && isObject(value))) return this.schema(value, path, depth + 1);
    // Also what has not the form that its keyword asks for: the draft's own schema says so.
    return value;
  }

  #map(keyword: string, schemas: JsonObject, path: string, depth: number): JsonObject {
    const entries = Object.entries(schemas).map(([name, schema]) => {
      const at = childPath(path, name);
      if (keyword === "patternProperties") this.#pattern(name, at);
      const isNames = keyword === "dependencies" && Array.isArray(schema);
      return [name, isNames ? schema : this.schema(schema, at, depth + 1)] as const;
    });
    return Object.fromEntries(entries);
  }

  #pattern(pattern: string, path: string): void {
    const reason = patternProblem(pattern);
    if (reason !== undefined) this.#wrong(`The pattern cannot be used: ${reason}`, path, "Lookaround and backreferences are not supported.");
  }

  #wrong(message: string, path: string, hint?: string): void {
    this.problems.push(problem("SCHEMA_INVALID", message, path, hint));
  }
}
