/** Which variables of a subscription decide what its payloads look like: those used elsewhere than in the arguments of its one root field. */

import { getOperationAST, Kind, visit } from "graphql";
import type { DocumentNode, FieldNode } from "graphql";

const known = new WeakMap<DocumentNode, Map<string, string[]>>();

/** Names in alphabetical order. What the root field's arguments say is in the source: which values there are, and from which on. */
export function variablesOfPayload(document: DocumentNode, operationName: string | null | undefined): string[] {
  let ofDocument = known.get(document);
  if (!ofDocument) known.set(document, (ofDocument = new Map()));
  const key = operationName ?? "";
  let names = ofDocument.get(key);
  if (!names) ofDocument.set(key, (names = collect(document, operationName)));
  return names;
}

function collect(document: DocumentNode, operationName: string | null | undefined): string[] {
  const operation = getOperationAST(document, operationName);
  const roots = new Set<FieldNode>();
  for (const selection of operation?.selectionSet.selections ?? []) if (selection.kind === Kind.FIELD) roots.add(selection);
  const names = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Argument: (_node, _key, _parent, _path, ancestors) => (roots.has(ancestors.at(-1) as FieldNode) ? false : undefined),
    Variable: (node) => { names.add(node.name.value); },
  });
  return [...names].sort();
}
