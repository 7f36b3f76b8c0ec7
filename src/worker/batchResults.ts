/** What a handler's answer to a batch means for each of its items. */

import { FanwireError } from "../errors.js";
import { isTooLarge } from "../engine/Settlement.js";
import { isObject, type JsonObject, type JsonValue } from "../workflow/json.js";
import { describeKind } from "../workflow/jsonTree.js";
import { invalidItemResult } from "../workflow/outputs.js";
import type { PlanNode } from "../workflow/plan.js";
import { formatBytes, LIMITS } from "../workflow/limits.js";

const ERROR_CODE = /^[A-Za-z][\w.:-]{0,127}$/;
const FAILED = "An item of the batch failed";

/**
 * One slot per item, in their order.
 * @throws FanwireError RESULT_INVALID when it is no list of that length; another attempt, of each item alone, may mend that
 */
export function slotsOf(node: PlanNode, answer: JsonValue, items: number): JsonValue[] {
  if (Array.isArray(answer) && answer.length === items) return answer;
  const given = Array.isArray(answer) ? `a list of ${answer.length}` : describeKind(answer);
  throw new FanwireError("RESULT_INVALID", `The result of a batch of ${node.address} is ${given}, not a list of its ${items} items' results`, { retryable: true });
}

/**
 * An item's result as it is stored.
 * @throws FanwireError its own failure, when the slot is `{"$error": {code, message}}`; RESULT_INVALID, RESULT_TOO_LARGE
 */
export async function slotText(node: PlanNode, slot: JsonValue, check: () => Promise<void>): Promise<string> {
  const failure = slotFailure(slot);
  if (failure) throw failure;
  await check();
  const invalid = invalidItemResult(node, slot);
  if (invalid) throw invalid;
  const text = JSON.stringify(slot);
  if (isTooLarge(text)) throw new FanwireError("RESULT_TOO_LARGE", `The result of an item of ${node.address} is larger than ${formatBytes(LIMITS.contextValueBytes)}`);
  return text;
}

/** The item may be tried again unless the slot says `retryable: false`. */
function slotFailure(slot: JsonValue): FanwireError | undefined {
  if (!isObject(slot) || !Object.hasOwn(slot, "$error") || Object.keys(slot).length !== 1) return undefined;
  const error: JsonObject = isObject(slot.$error) ? slot.$error : {};
  const code = typeof error.code === "string" && ERROR_CODE.test(error.code) ? error.code : "HANDLER_ERROR";
  const message = typeof error.message === "string" ? error.message : typeof slot.$error === "string" ? slot.$error : FAILED;
  return new FanwireError(code, message, { retryable: error.retryable !== false, ...(error.details === undefined ? {} : { details: error.details }) });
}
