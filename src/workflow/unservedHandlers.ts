/** Warns of tasks whose handlers no worker serves now. */

import { problem, type Problem } from "../errors.js";
import { declaredTasks } from "./declaredTasks.js";
import type { WorkflowDefinition } from "./definition.js";
import { isHandlerName } from "./handlerName.js";
import { DEFAULT_QUEUE } from "./queueName.js";
import { namedHandlers } from "./rules/knownHandlers.js";

/** One warning per task; names that no handler can have are problems of their own. */
export function unservedHandlers(definition: WorkflowDefinition, serves: (handler: string, queue: string) => boolean): Problem[] {
  return declaredTasks(definition).flatMap(namedHandlers).flatMap(({ handler, queue = DEFAULT_QUEUE, address, path }) => {
    if (serves(handler, queue) || !isHandlerName(handler)) return [];
    const where = queue === DEFAULT_QUEUE ? "" : ` in the queue ${queue}`;
    return [problem("NO_WORKER", `No worker that is alive serves the handler ${handler} of ${address}${where}`, `${path}.handler`)];
  });
}
