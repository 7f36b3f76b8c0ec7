/** The schemas of a definition: whether each can be used, and whether the initial context fits its own. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredTasks } from "../declaredTasks.js";
import type { WorkflowDefinition } from "../definition.js";
import { isObject } from "../json.js";
import type { JsonValue } from "../json.js";
import { shapeProblems } from "../validate.js";
import { compileSchema, schemaProblems } from "./jsonSchema.js";

/**
 * SCHEMA_INVALID and LIMIT_EXCEEDED at the schemas, CONTEXT_INVALID at the keys of the context; in the order of the
 * definition. Belongs to validateWorkflow, and says nothing of what is misshapen there already.
 * @param context undefined: not known yet, and not looked at
 */
export async function definitionSchemaProblems(definition: WorkflowDefinition, context: JsonValue | undefined): Promise<Problem[]> {
  if (definition.contextSchema === undefined && !declaresResultSchema(definition)) return [];
  if (shapeProblems(definition, context).length > 0) return [];
  const problems: Problem[] = [];
  if (definition.contextSchema !== undefined) problems.push(...(await contextProblems(definition.contextSchema, context)));
  for (const { task, path } of declaredTasks(definition)) {
    if (task.resultSchema !== undefined) problems.push(...(await schemaProblems(task.resultSchema, `${path}.resultSchema`)));
  }
  return problems;
}

/** Also of a definition that is nested too deep to be asked for its tasks. */
function declaresResultSchema({ groups }: WorkflowDefinition): boolean {
  const open = [...groups];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    if (group.tasks.some(({ resultSchema }) => resultSchema !== undefined)) return true;
    open.push(...(group.groups ?? []));
  }
  return false;
}

async function contextProblems(schema: JsonValue, context: JsonValue | undefined): Promise<Problem[]> {
  const problems = await schemaProblems(schema, "contextSchema");
  if (problems.length > 0 || !isObject(context)) return problems;
  return (await compileSchema(schema)).violations(context, "context")
    .map(({ path, message }) => problem("CONTEXT_INVALID", `${path} ${message}`, path));
}
