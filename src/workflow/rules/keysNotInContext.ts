/** A key that a task writes does not stand in the initial context already, unless it has a reducer. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { childPath } from "../jsonTree.js";
import type { RuleInput } from "./ruleInput.js";

export function keysNotInContext({ contextKeys, writers, reducerKeys }: RuleInput): Problem[] {
  return [...(contextKeys ?? [])].flatMap((key) => {
    const writer = writers.get(key);
    if (writer === undefined || reducerKeys.has(key)) return [];
    return [problem("KEY_IN_CONTEXT", `${writer.address} writes ${key}, which the initial context already holds`, childPath("context", key))];
  });
}
