/** Warns of tasks whose handlers no worker serves now. */

import { problem, type Problem } from "../errors.js";
import { declaredTasks } from "./declaredTasks.js";
import type { WorkflowDefinition } from "./definition.js";
import { isHandlerName } from "./handlerName.js";

/** One warning per task; names that no handler can have are problems of their own. */
export function unservedHandlers(definition: WorkflowDefinition, served: ReadonlySet<string>): Problem[] {
  return declaredTasks(definition).flatMap(({ kind, task, address, path }) => {
    if (kind === "GROUP" || served.has(task.handler) || !isHandlerName(task.handler)) return [];
    return [problem("NO_WORKER", `No worker that is alive serves the handler ${task.handler} of ${address}`, `${path}.handler`)];
  });
}
