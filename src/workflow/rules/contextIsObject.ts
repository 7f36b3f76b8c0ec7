/** The initial context is an object. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { isObject } from "../json.js";
import { describeKind } from "../jsonTree.js";
import type { ContextInput } from "./ruleInput.js";

export function contextIsObject({ context }: ContextInput): Problem[] {
  if (context === undefined || isObject(context)) return [];
  return [problem("INVALID_VALUE", `The context is ${describeKind(context)}, not an object`, "context", "Give an object of context keys and their values.")];
}
