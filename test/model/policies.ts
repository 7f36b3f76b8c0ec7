/** Whose word counts when a node fails, as the definition says it. */

import { declaredGroups } from "../../src/workflow/declaredGroups.js";
import type { FailurePolicy, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { NodeDecl } from "./declared.js";

export class Policies {
  readonly #said: ReadonlyMap<string, FailurePolicy>;

  constructor(private readonly definition: WorkflowDefinition) {
    this.#said = new Map(declaredGroups(definition).flatMap(({ address, group: { onFailure } }) => (onFailure ? [[address, onFailure]] : [])));
  }

  /** The group that a node's failure cancels; empty for the whole workflow, undefined when it cancels nothing. */
  failsFast(node: NodeDecl): string | undefined {
    const says = this.around(node).findLast((group) => this.#said.has(group));
    if (says !== undefined) return this.#said.get(says) === "FAIL_FAST" ? says : undefined;
    return node.scope.group === undefined && this.definition.onFailure === "FAIL_FAST" ? "" : undefined;
  }

  /** The groups around a node in its scope, outermost first: in an instance from the expanded group on. */
  around({ kind, address, groupAddress, scope }: NodeDecl): string[] {
    const names = (kind === "GROUP" ? address : `${groupAddress}.`).split(".").slice(0, -1);
    const all = names.map((_, at) => names.slice(0, at + 1).join("."));
    return scope.group ? all.slice(all.indexOf(scope.group.address)) : all;
  }

  plainAround(node: NodeDecl): string[] {
    return this.around(node).filter((group) => group !== node.scope.group?.address);
  }
}

/** Where a failure cancels nothing beside it, nothing is left to time. */
export function isDetermined(definition: WorkflowDefinition): boolean {
  return definition.onFailure === "CONTINUE" && declaredGroups(definition).every(({ group }) => group.onFailure !== "FAIL_FAST");
}
