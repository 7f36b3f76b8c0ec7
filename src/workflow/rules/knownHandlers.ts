/** No task's handler is a slip of the pen: one that nobody here knows may be held by a worker that comes later. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { isHandlerName } from "../handlerName.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import type { RuleInput } from "./ruleInput.js";

export function knownHandlers({ tasks, handlers }: RuleInput): Problem[] {
  const names = handlers.names();
  const nearOf = new Map<string, string | undefined>();
  return tasks.flatMap(({ kind, task, address, path }) => {
    const { handler } = task;
    if (kind === "GROUP" || handler.trim() === "" || handlers.has(handler)) return [];
    if (!isHandlerName(handler)) return [problem("UNKNOWN_HANDLER", `${address} names the handler ${handler}, which is no name for one`, `${path}.handler`)];
    if (!nearOf.has(handler)) nearOf.set(handler, nearOf.size < MAX_HINTS ? nearMiss(handler, names) : undefined);
    const near = nearOf.get(handler);
    if (near === undefined) return [];
    return [problem("UNKNOWN_HANDLER", `${address} names the handler ${handler}, which is not known`, `${path}.handler`, `Did you mean ${near}?`)];
  });
}
