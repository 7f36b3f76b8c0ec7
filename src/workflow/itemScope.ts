/** What the expressions of one item of an expansion can see. */

import type { Scope } from "./expressions/types.js";
import type { JsonObject, JsonValue } from "./json.js";

/**
 * The parent's names, and before them the item's variables, `$index` (its position) and `$item` (the object of its
 * variables, for every kind of expansion, so that `$item.customer` is what `customer` is). Of the objects that a custom expansion
 * gives, what begins with `$` can only be reached by `$item`: it hides none of the names that the engine gives.
 */
export function itemScope(parent: Scope, item: { variables: JsonObject }, index: number): Scope {
  return new ItemScope(parent, item.variables, index);
}

class ItemScope implements Scope {
  constructor(readonly parent: Scope, readonly variables: JsonObject, readonly index: number) {}

  get(name: string): JsonValue | undefined {
    if (name === "$index") return this.index;
    if (name === "$item") return this.variables;
    return isVariable(name) && Object.hasOwn(this.variables, name) ? this.variables[name] : this.parent.get(name);
  }

  names(): Iterable<string> {
    return new Set([...Object.keys(this.variables).filter(isVariable), "$index", "$item", ...this.parent.names()]);
  }
}

function isVariable(name: string): boolean {
  return !name.startsWith("$");
}
