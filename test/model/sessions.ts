/** Arbitrary exports, and what the session must hold of them: what the context has, of workflows that complete. */

import fc from "fast-check";
import type { FanwireNode } from "../../src/main.js";
import type { TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import type { WorkflowStatus } from "../../src/workflow/status.js";
import { CALLER } from "../support/testNode.js";
import type { Case } from "./cases.js";

/** Numbers that name keys, counted among those there are. */
export const exportPlan = fc.array(fc.nat(60), { minLength: 1, maxLength: 4 });

export function withExports(item: Case, plan: readonly number[] | null): Case {
  if (plan === null) return item;
  const { definition, context } = item;
  const keys = [...new Set([...Object.keys(context), ...definition.groups.flatMap(keysOf)])];
  return { ...item, definition: { ...definition, exports: [...new Set(plan.map((at) => keys[at % keys.length] as string))] } };
}

export function keysOf({ tasks, groups = [], expansion, resultKeys }: TaskGroupDefinition): string[] {
  if (expansion && resultKeys) return resultKeys;
  return [...tasks.flatMap((task) => [...(task.resultKeys ?? [task.name]), ...task.optionalResultKeys]), ...groups.flatMap(keysOf)];
}

/** A workflow without a session exports to one of its own. */
export function exported({ engine }: FanwireNode, { sessionId }: { sessionId: string }): Promise<JsonObject> {
  return engine.sessionContext(CALLER, sessionId);
}

/** @param ended the workflow as it was compared with the reference */
export function expectedExports({ exports = [] }: WorkflowDefinition, { status, context }: { status: WorkflowStatus; context: JsonObject }): JsonObject {
  if (status !== "COMPLETED") return {};
  return Object.fromEntries(exports.filter((key) => Object.hasOwn(context, key)).map((key) => [key, context[key] as JsonObject[string]]));
}
