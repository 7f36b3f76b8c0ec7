/** Expressions that stand somewhere in a definition: what they throw says where. */

import { FanwireError } from "../../errors.js";
import type { CompiledExpression, Scope } from "./types.js";

export function placed(expression: CompiledExpression, place: string): CompiledExpression {
  const { source, reads } = expression;
  return { source, reads, evaluate: (scope) => evaluateAt(expression, scope, place) };
}

/** The value, or the error with its place. Synchronous when the expression is. */
export function evaluateAt(expression: CompiledExpression, scope: Scope, place: string): ReturnType<CompiledExpression["evaluate"]> {
  try {
    const value = expression.evaluate(scope);
    return value instanceof Promise ? value.catch((error: unknown) => { throw withPlace(error, expression.source, place); }) : value;
  } catch (error) {
    throw withPlace(error, expression.source, place);
  }
}

function withPlace(error: unknown, expression: string, path: string): unknown {
  if (!(error instanceof FanwireError) || path === "" || !["EXPRESSION_ERROR", "EXPRESSION_LIMIT"].includes(error.code)) return error;
  return new FanwireError(error.code, `${error.message} in ${path}`, { retryable: error.retryable, details: { expression, path }, cause: error });
}
