/** What the expressions of a task can see: the context keys it reads, and the `$`-names that apply. */

import type { Scope } from "../workflow/expressions/types.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import type { PlanNode } from "../workflow/plan.js";

export class TaskScope implements Scope {
  readonly #dollars: Map<string, JsonValue>;

  constructor(
    readonly values: ReadonlyMap<string, JsonValue>,
    private readonly node: PlanNode,
    about: { workflowId: string; workflowName: string; attempt: number; error?: TaskError; result?: JsonValue; results?: JsonValue[] },
  ) {
    this.#dollars = new Map<string, JsonValue>([
      ["$attempt", about.attempt],
      ["$workflow", { id: about.workflowId, name: about.workflowName }],
    ]);
    if (about.error) this.#dollars.set("$error", { ...about.error } as unknown as JsonValue);
    if (about.result !== undefined) this.#dollars.set("$result", about.result);
    if (about.results) this.#dollars.set("$results", about.results);
  }

  get(name: string): JsonValue | undefined {
    // Null is a value: of a task that resulted in it `$result` is null.
    if (name.startsWith("$")) return this.#dollars.has(name) || !(name === SESSION || ITEM_NAMES.has(name)) ? this.#dollars.get(name) : this.values.get(name);
    // `values` may hold what other tasks of the workflow have read in this process, which must not change what this one sees.
    const value = isReadable(this.node, name) ? this.values.get(name) : undefined;
    if (value !== undefined) return value;
    // Declared as optional and not there, so it can no longer come: reads as null.
    return this.node.task.optionalDependencies.includes(name) ? null : undefined;
  }

  names(): Iterable<string> {
    return [...[...readableKeys(this.node), ...ITEM_NAMES].filter((name) => this.values.has(name)), ...this.#dollars.keys()];
  }
}

/** In an instance of an expanded group, of its item. */
export const ITEM_NAMES: ReadonlySet<string> = new Set(["$index", "$item"]);

/** `{id}` of the session, which ContextReader gives under this name as if it were a key: no expression can read a key of that name. */
export const SESSION = "$session";

/** Every context key that the task may read, every variable of the groups around it, and SESSION when it names that. */
export function readableKeys(node: PlanNode): readonly string[] {
  const { reads, optionalReads, variables, readsSession } = node;
  if (readsSession) return [...reads, ...optionalReads, ...variables, SESSION];
  return optionalReads.length + variables.length === 0 ? reads : [...reads, ...optionalReads, ...variables];
}

function isReadable({ reads, optionalReads, variables }: PlanNode, name: string): boolean {
  return reads.includes(name) || optionalReads.includes(name) || variables.includes(name);
}
