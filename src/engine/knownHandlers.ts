/** The handlers that definitions may name without being asked whether another was meant: this process's, and those of live workers. */

import type { TaskDefinition, WorkflowDefinition } from "../workflow/definition.js";
import type { KnownHandlers } from "../workflow/rules/ruleInput.js";
import type { WorkerDirectory } from "./Fleet.js";
import type { ExpanderRegistry } from "./expanders.js";
import type { HandlerRegistry } from "./handlers.js";

/** Known to this process, for as long as it lives, or to workers that may go. */
export interface HandlersFor extends KnownHandlers { own: boolean }

/** Live workers are asked for only when the definition names a handler or an expander that this process does not have. */
export async function knownHandlersFor(definition: WorkflowDefinition, handlers: HandlerRegistry, directory: WorkerDirectory, expanders: ExpanderRegistry): Promise<HandlersFor> {
  const isOwn = (name: string): boolean => handlers.get(name) !== undefined;
  const hasOwn = (name: string): boolean => expanders.get(name) !== undefined;
  if (!namesAnother(definition, isOwn, hasOwn)) return { own: true, has: isOwn, names: () => handlers.names(), expanders: { has: hasOwn, names: () => expanders.names() } };
  const served = await directory.served();
  return {
    own: false,
    has: (name) => isOwn(name) || served.handlers.has(name),
    // Only names that are always here count as what was meant: those of workers may come in families (score_v1, score_v2).
    names: () => handlers.names(),
    expanders: { has: (name) => hasOwn(name) || served.expanders.has(name), names: () => [...new Set([...expanders.names(), ...served.expanders])] },
  };
}

/** Does not recurse: nothing has been said yet about how deep groups may nest. */
function namesAnother(definition: WorkflowDefinition, isOwn: (name: string) => boolean, hasExpander: (name: string) => boolean): boolean {
  const open = [...definition.groups];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    const isElsewhere = ({ handler, compensate, expansion }: TaskDefinition): boolean =>
      !isOwn(handler) || (compensate !== undefined && !isOwn(compensate.handler)) || !hasExpander(expansion?.custom?.expander ?? "range");
    if (group.tasks.some(isElsewhere)) return true;
    for (const nested of group.groups ?? []) open.push(nested);
  }
  return false;
}
