/** Workflows whose tasks do the same at every attempt, so that it does not matter how often they are begun again. */

import { declaredGroups } from "../../src/workflow/declaredGroups.js";
import type { TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { isObject, type JsonObject, type JsonValue } from "../../src/workflow/json.js";
import type { Case } from "./cases.js";

/** More attempts than any task makes. */
const NEVER = 1_000_000;

/** With the sub-workflows that its tasks run. Versions of these that differed in their first attempts alone become one, here as where they are registered. */
export function steadyCase({ children, definition, ...item }: Case): Case {
  const unique = new Map((children ?? []).map(steady).map((child) => [JSON.stringify(child), child]));
  return { ...item, definition: steady(definition), ...(children ? { children: [...unique.values()] } : {}) };
}

/** What fails at first fails always. */
function steady(definition: WorkflowDefinition): WorkflowDefinition {
  const changed = structuredClone(definition);
  for (const { group } of declaredGroups(changed)) for (const task of group.tasks) steadyTask(task);
  return changed;
}

function steadyTask(task: TaskDefinition): void {
  if (task.validate?.includes("$attempt")) task.validate = "false";
  if (!isObject(task.input)) return;
  if (task.handler === "echo" || task.handler === "echoes") task.input = withField(task.input, "failures", (failures) => always(failures, 0, NEVER));
  // What opens the door to a later attempt alone (children.ts) opens it to none.
  if (task.handler === "workflow") task.input = withField(task.input, "context", (context) => (isObject(context) && context.door === "{{ $attempt }}" ? { ...context, door: 1 } : context));
  if (task.handler === "fail") task.input = withField(task.input, "untilAttempt", (attempt) => always(attempt, 1, NEVER));
}

function withField(input: JsonObject, name: string, change: (value: JsonValue) => JsonValue): JsonObject {
  return input[name] === undefined ? input : { ...input, [name]: change(input[name]) };
}

/** The least stays what it is, and anything above becomes the most, in a template as well. */
function always(value: JsonValue, least: number, most: number): JsonValue {
  if (typeof value === "string") return value.replace(/^\{\{ (.*) \}\}$/, `{{ ($1) > ${least} ? ${most} : ${least} }}`);
  return Number(value) > least ? most : least;
}
