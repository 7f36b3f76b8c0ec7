/** Queues have names that can be part of a lane's, and priorities lie in their range. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { isPriority, isQueueName, MAX_PRIORITY } from "../queueName.js";
import type { RuleInput } from "./ruleInput.js";

export function queuesAndPriorities({ tasks }: RuleInput): Problem[] {
  return tasks.flatMap(({ task: { queue, priority }, address, path }) => [
    ...(queue === undefined ? [] : queueProblems(queue, `${path}.queue`)),
    ...(priority === undefined || isPriority(priority) ? [] : [priorityProblem(address, priority, `${path}.priority`)]),
  ]);
}

export function queueProblems(queue: string, path: string): Problem[] {
  if (isQueueName(queue)) return [];
  return [problem("INVALID_NAME", `${JSON.stringify(queue.slice(0, 60))} is no name for a queue`, path,
    "Use letters, digits, '_', '.', ':' and '-', starting with a letter or '_'; at most 128 characters.")];
}

export function priorityProblem(whose: string, priority: number, path: string): Problem {
  return problem("INVALID_VALUE", `${whose} has the priority ${priority}`, path, `Use a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}.`);
}
