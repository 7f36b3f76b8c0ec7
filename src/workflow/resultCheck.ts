/** A task's `validate`: the condition that the result of an attempt must meet. */

import { FanwireError } from "../errors.js";
import { compiledTask } from "./compiledTask.js";
import { evaluateCondition } from "./expressions/expression.js";
import type { Scope } from "./expressions/types.js";
import type { JsonValue } from "./json.js";
import type { PlanNode } from "./plan.js";

/**
 * @param scope of the attempt: of the task, or of the item whose result it is
 * @throws FanwireError RESULT_INVALID, which another attempt may mend; EXPRESSION_ERROR, EXPRESSION_LIMIT
 */
export async function checkResult(node: PlanNode, scope: Scope, result: JsonValue): Promise<void> {
  const { validate } = compiledTask(node);
  if (validate === undefined || (await evaluateCondition(validate, new ResultScope(scope, result)))) return;
  throw new FanwireError("RESULT_INVALID", `The result of ${node.address} does not meet its condition: ${validate.source}`, { retryable: true });
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
