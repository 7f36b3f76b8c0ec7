/** Compiles and evaluates expressions: JSONata with limits, and plain paths without it. */

import { FanwireError, problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { JsonValue } from "../json.js";
import { JsonataExpression } from "./JsonataExpression.js";
import { isTruthy } from "./truthiness.js";
import type { CompiledExpression, Scope } from "./types.js";

const CACHED_EXPRESSIONS = 2_000;
const CACHED_CHARS = 2 * 1024 * 1024;

/** By source, least recently used first. Expressions have no state, so all that are alike can share one. */
const cache = new Map<string, JsonataExpression>();
let cachedChars = 0;

/**
 * JSONata 2.2 within EXPRESSION_LIMITS. Not available are `$eval`, lookaround and backreferences in regexes, and parsing
 * dates by pictures whose components cannot be told apart.
 * @throws FanwireError EXPRESSION_SYNTAX, naming the expression and the position
 */
export function compileExpression(source: string): JsonataExpression {
  const known = cache.get(source);
  if (known !== undefined) {
    cache.delete(source);
    cache.set(source, known);
    return known;
  }
  const expression = new JsonataExpression(source);
  cache.set(source, expression);
  cachedChars += source.length;
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_EXPRESSIONS && cachedChars <= CACHED_CHARS) break;
    cache.delete(oldest);
    cachedChars -= oldest.length;
  }
  return expression;
}

/** [] when the expression compiles; otherwise the problem, at `path`. */
export function checkExpression(source: string, path: string): Problem[] {
  try {
    compileExpression(source);
    return [];
  } catch (error) {
    if (!(error instanceof FanwireError)) throw error;
    return [problem("EXPRESSION_SYNTAX", error.message, path)];
  }
}

/**
 * Whether the expression's value is truthy as `$boolean` has it; no value is not.
 * @throws FanwireError EXPRESSION_ERROR, EXPRESSION_LIMIT
 */
export function evaluateCondition(expression: CompiledExpression, scope: Scope): boolean | Promise<boolean> {
  const value = expression.evaluate(scope);
  return value instanceof Promise ? value.then(isTruthy) : isTruthy(value);
}

/**
 * The value of an expression over `data` alone, which is its `$` and `$$`; undefined when it has none.
 * @throws FanwireError EXPRESSION_SYNTAX, EXPRESSION_ERROR, EXPRESSION_LIMIT
 */
export async function evaluateOver(source: string, data: JsonValue): Promise<JsonValue | undefined> {
  return compileExpression(source).evaluateOver(data);
}
