/** The JSON Schema library behind a door: loaded when a first schema is compiled, with patterns that cannot backtrack. */

import type { CompiledSchema, EvaluationPlugin, Keyword } from "@hyperjump/json-schema/experimental";
import type * as Experimental from "@hyperjump/json-schema/experimental";
import type { OutputUnit } from "@hyperjump/json-schema";
import { isObject } from "../json.js";
import type { JsonObject, JsonValue } from "../json.js";
import { Budget } from "./limits.js";
import { matcherOf, spendingFrom } from "./patterns.js";
import type { Matcher } from "./patterns.js";
import type { Draft } from "./readSchema.js";

/** One keyword of the schema that one value does not meet. */
export interface Failure {
  /** JSON pointer into the schema, of the keyword, or of a schema that is `false`. */
  keyword: string;
  /** JSON pointer into the value; with a `*` before it, the name of the property there is meant. */
  instance: string;
}

export interface Check {
  /** All failures; none when the value fits. @throws SchemaLimit */
  run(value: JsonValue): Failure[];
}

/** Carries what the draft's own schema has against a schema. */
export class NoSchema extends Error {
  constructor(readonly failures: readonly Failure[]) {
    super("The schema does not have the form that its draft asks for");
  }
}

const KEYWORD = "https://json-schema.org/keyword/";
let library: Promise<Library> | undefined;
let compiled = 0;

/**
 * Compiles a schema that readSchema found nothing wrong with.
 * @throws NoSchema; Error when a reference leads nowhere
 */
export async function compileCheck(schema: JsonObject | boolean, draft: Draft): Promise<Check> {
  library ??= loadLibrary();
  return (await library).compile(schema, draft);
}

type Library = { compile(schema: JsonObject | boolean, draft: Draft): Promise<Check> };

async function loadLibrary(): Promise<Library> {
  const [core, drafts, , instances] = await Promise.all([
    import("@hyperjump/json-schema/experimental"), import("@hyperjump/json-schema/draft-2020-12"),
    import("@hyperjump/json-schema/draft-07"), import("@hyperjump/json-schema/instance/experimental"),
  ]);
  drafts.setMetaSchemaOutputFormat("BASIC");
  closeDoors(core);
  return {
    async compile(schema, draft) {
      // Never asked for over the network: compiling finds it under its name, and forgets it again.
      const uri = `https://schema.invalid/${++compiled}`;
      drafts.registerSchema(schema, uri, draft);
      let ready: CompiledSchema;
      try {
        ready = await core.compile(await core.getSchema(uri));
      } catch (error) {
        throw error instanceof drafts.InvalidSchemaError ? new NoSchema(failuresOf(error.output.errors)) : error;
      } finally {
        drafts.unregisterSchema(uri);
      }
      return {
        run(value) {
          const budget = new Budget();
          const options = { outputFormat: "BASIC" as const, plugins: [counter(budget)] };
          const output = spendingFrom(budget, () => core.interpret(ready, instances.fromJs(value), options));
          return output.valid ? [] : failuresOf(output.errors);
        },
      };
    },
  };
}

/** Replaces the library's own compilation of the four keywords that match patterns or look up names of properties. */
function closeDoors({ addKeyword, getKeyword, Validation }: typeof Experimental): void {
  const replace = <T>(name: string, compile: Keyword<T>["compile"]): void =>
    addKeyword({ ...getKeyword<T>(`${KEYWORD}${name}`), compile });
  const properties = getKeyword<Record<string, string>>(`${KEYWORD}properties`);
  replace<Matcher>("pattern", (schema) => Promise.resolve(matcherOf(String(valueAt(schema)))));
  // Names that every object inherits are names of properties like any others.
  replace<Record<string, string>>("properties", async (...args) => Object.assign(Object.create(null) as object, await properties.compile(...args)));
  const patterns = getKeyword<[RegExp, string][]>(`${KEYWORD}patternProperties`);
  replace<[Matcher, string][]>("patternProperties", async (...args) => (await patterns.compile(...args)).map(([{ source }, uri]) => [matcherOf(source), uri]));
  replace<[Matcher, string]>("additionalProperties", async (schema, ast, parent) => [declaredNames(valueAt(parent)), await Validation.compile(schema, ast, parent)]);
}

/** Which properties of an object are declared beside `additionalProperties`. */
function declaredNames(schema: JsonValue | undefined): Matcher {
  const { properties, patternProperties } = isObject(schema) ? schema : {};
  const names = new Set(isObject(properties) ? Object.keys(properties) : []);
  const patterns = (isObject(patternProperties) ? Object.keys(patternProperties) : []).map(matcherOf);
  return { test: (name) => names.has(name) || patterns.some((pattern) => pattern.test(name)) };
}

/** The part of a schema's document that the library stands at. */
function valueAt({ document, cursor }: { document: { root: unknown }; cursor: string }): JsonValue | undefined {
  return atPointer(document.root as JsonValue, cursor);
}

/** What a JSON pointer leads to. */
export function atPointer(value: JsonValue, pointer: string): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const name of pointerNames(pointer)) {
    at = typeof at === "object" && at !== null && Object.hasOwn(at, name) ? (at as JsonObject)[name] : undefined;
  }
  return at;
}

export function pointerNames(pointer: string): string[] {
  return pointer === "" ? [] : pointer.slice(1).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Charges each keyword for what it may look through: its own list, and the members of the value. */
function counter(budget: Budget): EvaluationPlugin {
  return {
    beforeSchema: () => budget.enter(),
    afterSchema: () => budget.leave(),
    beforeKeyword: ([, , keyword], { children }) => budget.spend(1 + (Array.isArray(keyword) ? keyword.length : 0) + children.length),
  };
}

function failuresOf(errors: readonly OutputUnit[] | undefined): Failure[] {
  return (errors ?? []).map(({ absoluteKeywordLocation, instanceLocation }) => ({ keyword: fragment(absoluteKeywordLocation), instance: fragment(instanceLocation) }));
}

function fragment(location: string): string {
  return decodeURIComponent(location.slice(location.indexOf("#") + 1));
}
