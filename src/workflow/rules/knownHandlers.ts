/** Every task's handler is known here. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import type { RuleInput } from "./ruleInput.js";

export function knownHandlers({ tasks, handlers }: RuleInput): Problem[] {
  const names = handlers.names();
  let hints = 0;
  return tasks.flatMap(({ task, address, path }) => {
    if (task.handler.trim() === "" || handlers.has(task.handler)) return [];
    hints += 1;
    const near = hints <= MAX_HINTS ? nearMiss(task.handler, names) : undefined;
    return [problem("UNKNOWN_HANDLER", `${address} names the handler ${task.handler}, which is not known`, `${path}.handler`,
      near === undefined ? undefined : `Did you mean ${near}?`)];
  });
}
