/** Workflow files, YAML or JSON: a definition with its context, where large values may live in files of their own. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, resolve } from "node:path";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { isObject } from "../workflow/json.js";
import type { Problem } from "../errors.js";
import { CommandFailure, EXIT, refuseProblems } from "./exitCodes.js";

export interface WorkflowFile {
  definition: JsonValue;
  context: JsonObject;
  labels?: JsonObject;
  sessionId?: string;
  idempotencyKey?: string;
  priority?: number;
}

/** The fields a workflow file may have; everything else is a problem, since it is most likely misspelt. */
const FIELDS = ["definition", "context", "contextFiles", "labels", "sessionId", "idempotencyKey", "priority"];

/**
 * Reads a workflow file with the values of its contextFiles in place.
 * @throws CommandFailure INVALID when a file cannot be read or parsed, or its fields are not as they must be (all named)
 */
export async function readWorkflowFile(path: string): Promise<WorkflowFile> {
  const document = await readDataFile(resolve(path));
  refuseProblems(path, shapeProblems(document));
  const { definition, context, contextFiles, labels, sessionId, idempotencyKey, priority } = document as JsonObject;
  const values: JsonObject = { ...(context as JsonObject | undefined) };
  for (const [key, file] of Object.entries((contextFiles ?? {}) as Record<string, string>)) {
    values[key] = await readDataFile(locate(file, resolve(path)));
  }
  return {
    definition: definition as JsonValue,
    context: values,
    ...(labels === undefined ? {} : { labels: labels as JsonObject }),
    ...(sessionId === undefined ? {} : { sessionId: sessionId as string }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: idempotencyKey as string }),
    ...(priority === undefined ? {} : { priority: priority as number }),
  };
}

function shapeProblems(document: JsonValue): Problem[] {
  if (!isObject(document)) return [{ code: "INVALID_VALUE", message: "A workflow file holds an object with the field `definition`." }];
  const problems: Problem[] = [];
  const must = (path: string, good: boolean, message: string, hint?: string): void => {
    if (!good) problems.push({ code: "INVALID_VALUE", path, message, ...(hint === undefined ? {} : { hint }) });
  };
  const bare = document.groups === undefined ? undefined : "This looks like a bare definition: put it under `definition:`.";
  must("definition", isObject(document.definition), "The definition, an object, is missing.", bare);
  for (const field of ["context", "contextFiles", "labels"]) {
    must(field, document[field] === undefined || isObject(document[field]), "It must be an object.");
  }
  must("sessionId", document.sessionId === undefined || typeof document.sessionId === "string", "It must be a string.");
  must("idempotencyKey", document.idempotencyKey === undefined || typeof document.idempotencyKey === "string", "It must be a string.");
  must("priority", document.priority === undefined || Number.isInteger(document.priority), "It must be a whole number.");
  if (isObject(document.contextFiles)) {
    for (const [key, file] of Object.entries(document.contextFiles)) {
      must(`contextFiles.${key}`, typeof file === "string", "It must be the path of a file, or of a file of an npm package.");
      must(`contextFiles.${key}`, !isObject(document.context) || !(key in document.context), "The same key also stands in `context`.");
    }
  }
  for (const field of Object.keys(document)) {
    must(field, FIELDS.includes(field), "A workflow file has no such field.", bare ?? `Its fields are ${FIELDS.join(", ")}.`);
  }
  return problems;
}

/**
 * Where a file named in another file is: beside it, or else in an npm package as that file would import it
 * (`world-countries/countries.json`).
 * @throws CommandFailure INVALID when it is in neither place
 */
export function locate(file: string, fromFile: string): string {
  const beside = resolve(dirname(fromFile), file);
  if (existsSync(beside)) return beside;
  try {
    return createRequire(fromFile).resolve(file);
  } catch {
    throw new CommandFailure(EXIT.INVALID, `${file} is neither a file (${beside}) nor in a package that ${fromFile} can import`);
  }
}

/**
 * A JSON or YAML file as a value; which of the two its extension says (.json, else YAML, of which JSON is a part).
 * @throws CommandFailure INVALID when it cannot be read or parsed
 */
export async function readDataFile(path: string): Promise<JsonValue> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandFailure(EXIT.INVALID, `Cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return extname(path) === ".json" ? (JSON.parse(text) as JsonValue) : await parseYaml(text);
  } catch (error) {
    throw new CommandFailure(EXIT.INVALID, `Cannot parse ${path}: ${(error as Error).message}`);
  }
}

async function parseYaml(text: string): Promise<JsonValue> {
  const { parse } = await import("yaml");
  const value: unknown = parse(text);
  return JSON.parse(JSON.stringify(value ?? null, refuseNonFinite)) as JsonValue;
}

/** YAML can write .nan and .inf, which JSON.stringify would silently turn into null. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${key} is ${value}, which is no JSON value`);
  return value;
}

/**
 * Reads `--context` options into the context, over what stands there.
 * @param options each `key=<JSON>` or `key=@<file>`, the file as in contextFiles, relative to the working directory
 * @throws CommandFailure INVALID
 */
export async function readContextOptions(options: readonly string[]): Promise<JsonObject> {
  const context: JsonObject = {};
  for (const option of options) {
    const at = option.indexOf("=");
    if (at < 1) throw new CommandFailure(EXIT.INVALID, `--context ${option}: write key=<JSON> or key=@<file>`);
    const [key, value] = [option.slice(0, at), option.slice(at + 1)];
    context[key] = value.startsWith("@") ? await readDataFile(locate(value.slice(1), resolve("workflow.yaml"))) : parseOption(key, value);
  }
  return context;
}

function parseOption(key: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new CommandFailure(EXIT.INVALID, `--context ${key}: ${text} is not JSON (a string needs its quotes: '${key}="${text}"')`);
  }
}
