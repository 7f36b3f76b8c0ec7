/** Compiles JSON values with placeholders, and fills them in. */

import { FanwireError } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { JsonObject, JsonValue } from "../json.js";
import { nearMiss } from "../nearMiss.js";
import { jsonBytesAtMost } from "./jsonSize.js";
import { setField } from "./plainJson.js";
import { parseTemplate } from "./templateParser.js";
import type { ParsedTemplate, Placeholder, TemplateNode } from "./templateParser.js";
import type { CompiledTemplate, Reads, Scope } from "./types.js";
import { LIMITS } from "../limits.js";
import { shown } from "./expressionErrors.js";
import { evaluateAt } from "./placed.js";

/**
 * Compiles the strings of `value` that hold `{{ expression }}`. The value must not change afterwards: its parts without
 * placeholders are handed out as they are.
 * @param path where the value stands, for messages
 * @throws FanwireError TEMPLATE_SYNTAX, EXPRESSION_SYNTAX, LIMIT_EXCEEDED: the first problem that checkTemplate finds
 */
export function compileTemplate(value: JsonValue, path = ""): Template {
  const parsed = parseTemplate(value, path);
  const first = parsed.problems[0];
  if (first !== undefined) throw new FanwireError(first.code, first.path === undefined || first.path === "" ? first.message : `${first.message} in ${first.path}`);
  return new Template(value, parsed);
}

/** All problems of a template's syntax, in the order of the value; each with its path, which begins with `path`. */
export function checkTemplate(value: JsonValue, path: string): Problem[] {
  return [...parseTemplate(value, path).problems];
}

export class Template implements CompiledTemplate {
  readonly reads: Reads;
  /** True when an expression in it reads the scope as a whole, so that `reads` cannot be complete. */
  readonly usesWholeScope: boolean;
  readonly constant: boolean;
  readonly secrets: readonly string[];
  readonly #root: TemplateNode;
  readonly #placeholders: readonly Placeholder[];
  /** At most so many bytes of JSON without what the placeholders add. */
  readonly #fixedBytes: number;

  constructor(value: JsonValue, { root, placeholders }: ParsedTemplate) {
    this.reads = readsOfAll(placeholders);
    this.usesWholeScope = placeholders.some(({ expression }) => expression.usesWholeScope);
    this.secrets = [...new Set(placeholders.flatMap(({ expression }) => expression.secrets))];
    this.constant = root.kind === "CONSTANT";
    this.#root = root;
    this.#placeholders = placeholders;
    this.#fixedBytes = jsonBytesAtMost(value);
  }

  render(scope: Scope): JsonValue | Promise<JsonValue> {
    const values: JsonValue[] = [];
    for (const placeholder of this.#placeholders) {
      const value = evaluateAt(placeholder.expression, scope, placeholder.path);
      if (value instanceof Promise) return this.#renderLater(scope, values, value);
      values.push(resolved(value, placeholder, scope));
    }
    return this.#fill(values);
  }

  /** One after the other, so that each expression has its time to itself. */
  async #renderLater(scope: Scope, values: JsonValue[], pending: Promise<JsonValue | undefined>): Promise<JsonValue> {
    values.push(resolved(await pending, this.#placeholders[values.length] as Placeholder, scope));
    for (const placeholder of this.#placeholders.slice(values.length)) {
      values.push(resolved(await evaluateAt(placeholder.expression, scope, placeholder.path), placeholder, scope));
    }
    return this.#fill(values);
  }

  #fill(values: readonly JsonValue[]): JsonValue {
    try {
      return this.#filled(values);
    } catch (error) {
      // Values of plain paths come unmeasured; one that is nested without end overflows the stack.
      if (!(error instanceof RangeError)) throw error;
      throw new FanwireError("TEMPLATE_TOO_LARGE", "The template's output is nested too deep", { cause: error });
    }
  }

  #filled(values: readonly JsonValue[]): JsonValue {
    let bytes = this.#fixedBytes;
    const result = fill(this.#root, values, (value) => {
      bytes += jsonBytesAtMost(value);
    });
    // The sum is an upper bound; only a template that may be too large is measured.
    if (bytes > LIMITS.templateBytes && Buffer.byteLength(JSON.stringify(result)) > LIMITS.templateBytes) {
      throw new FanwireError("TEMPLATE_TOO_LARGE", `The template's output is larger than ${LIMITS.templateBytes} bytes`);
    }
    return result;
  }
}

/** Builds the value; `made` sees everything that a placeholder brought in. */
function fill(node: TemplateNode, values: readonly JsonValue[], made: (value: JsonValue) => void): JsonValue {
  switch (node.kind) {
    case "CONSTANT":
      return node.value;
    case "WHOLE": {
      const value = values[node.placeholder] as JsonValue;
      made(value);
      return value;
    }
    case "SPLICED": {
      const text = splice(node.parts, values);
      made(text);
      return text;
    }
    case "LIST":
      return node.elements.map((element) => fill(element, values, made));
    case "OBJECT": {
      const object: JsonObject = {};
      for (const [key, field] of node.fields) setField(object, key, fill(field, values, made));
      return object;
    }
  }
}

function splice(parts: readonly (string | number)[], values: readonly JsonValue[]): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = values[part] as JsonValue;
    text += typeof value === "string" ? value : JSON.stringify(value);
    if (text.length > LIMITS.templateBytes) throw new FanwireError("TEMPLATE_TOO_LARGE", `The template's output is larger than ${LIMITS.templateBytes} bytes`);
  }
  return text;
}

function resolved(value: JsonValue | undefined, placeholder: Placeholder, scope: Scope): JsonValue {
  if (value === undefined) throw unresolved(placeholder, scope);
  return value;
}

function unresolved({ expression, path }: Placeholder, scope: Scope): FanwireError {
  const { name, meant } = missing(expression, scope);
  const place = path === "" ? "" : ` in ${path}`;
  const hint = meant === undefined ? "" : `. Did you mean ${JSON.stringify(meant)}?`;
  const details = { name, expression: expression.source, ...(path === "" ? {} : { path }), ...(meant === undefined ? {} : { didYouMean: meant }) };
  const of = name === expression.source ? "" : ` of ${shown(expression.source)}`;
  return new FanwireError("TEMPLATE_UNRESOLVED", `${JSON.stringify(name)}${of} has no value${place}${hint}`, { details });
}

/** Those that there are by themselves, where they apply. */
const ROOTS = ["$index", "$item", "$attempt", "$workflow", "$session", "$result", "$results", "$error"];

/** The first name on the way that has no value, and the name that may have been meant. */
function missing(expression: Placeholder["expression"], scope: Scope): { name: string; meant?: string | undefined } {
  const [root, ...fields] = expression.names ?? [];
  if (root === undefined) {
    const name = expression.reads.required.find((read) => scope.get(read) === undefined);
    if (name !== undefined) return { name, meant: nearMiss(name, scope.names()) };
    return { name: expression.source, meant: expression.source.startsWith("$") ? nearMiss(expression.source, ROOTS) : undefined };
  }
  let value = scope.get(root);
  if (value === undefined) return { name: root, meant: nearMiss(root, scope.names()) };
  for (const field of fields) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) break;
    if (!Object.hasOwn(value, field)) return { name: expression.source, meant: nearMiss(field, Object.keys(value)) };
    value = value[field];
    if (value === undefined) break;
  }
  return { name: expression.source };
}

function readsOfAll(placeholders: readonly Placeholder[]): Reads {
  const required = new Set(placeholders.flatMap(({ expression }) => expression.reads.required));
  const optional = new Set(placeholders.flatMap(({ expression }) => expression.reads.optional));
  return { required: [...required], optional: [...optional].filter((name) => !required.has(name)) };
}
