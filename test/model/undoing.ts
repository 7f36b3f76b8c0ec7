/** The reference's compensations: each runs as a task of its own, in the scope of the task that it undoes, as that stood in the end. */

import { COMPENSATION_SUFFIX } from "../../src/workflow/compensations.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import type { Scope } from "../../src/workflow/expressions/types.js";
import { compileTemplate } from "../../src/workflow/expressions/template.js";
import { itemScope } from "../../src/workflow/itemScope.js";
import { sureVariables, type NodeDecl, type TaskDecl } from "./declared.js";
import { ModelScope } from "./ModelScope.js";
import { allInstances, TooMuch, type ModelOutcome, type ModelTask } from "./outcome.js";
import { runTask } from "./runTask.js";

export interface Undoable {
  scope: ModelScope;
  declared: TaskDecl;
  task: ModelTask;
}

/** What is undone, and because of what. */
interface Cause {
  $result: JsonValue;
  $error: JsonValue;
}

/** Of an expanded task, with its position among the task's items. */
interface UndoneItem {
  variables: JsonObject;
  index: number;
}

/** Every task that has a compensation, by address, those in instances at any depth included. */
export function undoables(model: ModelOutcome): Map<string, Undoable> {
  const found = new Map<string, Undoable>();
  for (const { scope } of [model, ...allInstances(model)]) {
    for (const [declared, end] of scope.ended) {
      if (declared.kind === "TASK" && declared.task.compensate) found.set(end.address, { scope, declared, task: end as ModelTask });
    }
  }
  return found;
}

/** All names that undoing it may look at. */
export function undoingReads({ task: { compensate } }: TaskDecl): string[] {
  const { required, optional } = compileTemplate(compensate?.input ?? null).reads;
  return [...required, ...optional];
}

/** @returns undefined where that would be too much */
export async function undo({ scope, declared }: Undoable, cause: Cause, item?: UndoneItem): Promise<ModelTask | undefined> {
  try {
    return await runTask(new UndoingScope(scope, cause, item), compensationOf(declared));
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

/** The task's own `retry` holds for undoing it; nothing else of the task does. A variable's name means the variable, also for an item that lacks it. */
function compensationOf(declared: TaskDecl): TaskDecl {
  const { name, retry, optionalDependencies, expansion, compensate = { handler: "" } } = declared.task;
  const input = compensate.input ?? null;
  const { required, optional } = compileTemplate(input).reads;
  const variables = expansion ? sureVariables(expansion) : [];
  const readable = new Set([...required, ...optional].filter((read) => !variables.includes(read)));
  return {
    ...declared, address: `${declared.address}${COMPENSATION_SUFFIX}`, keys: [], optionalKeys: [], after: [], required: new Set(), maybe: new Set(), readable,
    task: {
      name, handler: compensate.handler, input, dependencies: [], optionalDependencies, after: [], resultKeys: [], optionalResultKeys: [], onFailure: "IGNORE",
      ...(retry ? { retry } : {}),
    },
  };
}

class UndoingScope extends ModelScope {
  constructor(private readonly around: ModelScope, private readonly cause: Cause, private readonly item: UndoneItem | undefined) {
    super(around.decl, around.run, {}, around.instance);
  }

  override expressionScope(node: NodeDecl, dollars: JsonObject): Scope {
    const scope = this.around.expressionScope(node, { ...dollars, ...this.cause });
    return this.item ? itemScope(scope, this.item, this.item.index) : scope;
  }
}
