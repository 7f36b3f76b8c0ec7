/** A task's `resultSchema` and `validate`: what the result of an attempt must meet. */

import { FanwireError } from "../errors.js";
import { compiledTask } from "./compiledTask.js";
import { evaluateCondition } from "./expressions/expression.js";
import type { Scope } from "./expressions/types.js";
import type { JsonValue } from "./json.js";
import type { PlanNode } from "./plan.js";
import { compiledSchema, compileSchema } from "./schemas/jsonSchema.js";
import { sentenceOf } from "./schemas/violations.js";

/** Violations kept with the error: it is part of an event, and of each item's record. */
const MAX_TOLD = 20;

/** Whether checkResult has anything to check. */
export function hasResultCheck({ task }: PlanNode): boolean {
  return task.validate !== undefined || task.resultSchema !== undefined;
}

/**
 * The schema first: a condition may rely on the form of what it is asked about.
 * @param scope of the attempt: of the task, or of the item whose result it is
 * @throws FanwireError RESULT_INVALID: final when the result does not fit the schema, which promises what others read,
 *   while another attempt may meet the condition; EXPRESSION_ERROR, EXPRESSION_LIMIT
 */
export async function checkResult(node: PlanNode, scope: Scope, result: JsonValue): Promise<void> {
  if (node.task.resultSchema !== undefined) await checkSchema(node, node.task.resultSchema, result);
  const { validate } = compiledTask(node);
  if (validate === undefined || (await evaluateCondition(validate, withResult(scope, result)))) return;
  throw new FanwireError("RESULT_INVALID", `The result of ${node.address} does not meet its condition: ${validate.source}`, { retryable: true });
}

/** The scope with `$result` in it. */
export function withResult(scope: Scope, result: JsonValue): Scope {
  return new ResultScope(scope, result);
}

async function checkSchema(node: PlanNode, schema: JsonValue, result: JsonValue): Promise<void> {
  const violations = (compiledSchema(schema) ?? (await compileSchema(schema))).violations(result, "");
  if (violations.length === 0) return;
  const message = `The result of ${node.address} does not fit its resultSchema: ${sentenceOf(violations)}`;
  throw new FanwireError("RESULT_INVALID", message, { retryable: false, details: { violations: violations.slice(0, MAX_TOLD) } });
}

class ResultScope implements Scope {
  constructor(readonly parent: Scope, readonly result: JsonValue) {}

  get(name: string): JsonValue | undefined {
    return name === "$result" ? this.result : this.parent.get(name);
  }

  names(): Iterable<string> {
    return [...this.parent.names(), "$result"];
  }
}
