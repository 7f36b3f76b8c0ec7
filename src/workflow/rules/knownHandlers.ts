/** No task's handler is a slip of the pen: one that nobody here knows may be held by a worker that comes later. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { COMPENSATION_SUFFIX } from "../compensations.js";
import type { DeclaredTask } from "../declaredTasks.js";
import { isHandlerName } from "../handlerName.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import type { RuleInput } from "./ruleInput.js";

/** A handler that a task names. */
interface NamedHandler {
  handler: string;
  /** Absent: the default one. */
  queue?: string;
  address: string;
  path: string;
}

/** The handlers that a task names: its own, and that of its compensation. */
export function namedHandlers({ kind, task, address, path }: DeclaredTask): NamedHandler[] {
  if (kind === "GROUP") return [];
  const shared = task.queue === undefined ? {} : { queue: task.queue };
  const own = { ...shared, handler: task.handler, address, path };
  if (task.compensate === undefined) return [own];
  return [own, { ...shared, handler: task.compensate.handler, address: `${address}${COMPENSATION_SUFFIX}`, path: `${path}.compensate` }];
}

export function knownHandlers({ tasks, handlers }: RuleInput): Problem[] {
  const names = handlers.names();
  const nearOf = new Map<string, string | undefined>();
  return tasks.flatMap(namedHandlers).flatMap(({ handler, address, path }) => {
    if (handler.trim() === "" || handlers.has(handler)) return [];
    if (!isHandlerName(handler)) return [problem("UNKNOWN_HANDLER", `${address} names the handler ${handler}, which is no name for one`, `${path}.handler`)];
    if (!nearOf.has(handler)) nearOf.set(handler, nearOf.size < MAX_HINTS ? nearMiss(handler, names) : undefined);
    const near = nearOf.get(handler);
    if (near === undefined) return [];
    return [problem("UNKNOWN_HANDLER", `${address} names the handler ${handler}, which is not known`, `${path}.handler`, `Did you mean ${near}?`)];
  });
}
