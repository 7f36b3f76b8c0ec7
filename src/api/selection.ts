/** What the client selected below the current field, so that nothing is read that nobody asked for. */

import { GraphQLIncludeDirective, GraphQLSkipDirective, Kind, getDirectiveValues } from "graphql";
import type { FieldNode, GraphQLResolveInfo, SelectionNode, SelectionSetNode } from "graphql";

/**
 * Whether a field is selected below the current one: `selects(info, ["nodes", "edges.node"], ["result"])` asks for
 * `nodes { result }` and `edges { node { result } }`. Fragments are followed; their type conditions are not looked at,
 * so a field of the same name of another type counts. `@skip` and `@include` are obeyed.
 */
export function selects(info: GraphQLResolveInfo, parents: readonly string[], names: readonly string[]): boolean {
  const roots = info.fieldNodes.flatMap((node) => (node.selectionSet ? [node.selectionSet] : []));
  return parents.some((parent) => {
    let sets = roots;
    for (const step of parent === "" ? [] : parent.split(".")) {
      sets = sets.flatMap((set) => fieldsOf(set, info)).filter((field) => field.name.value === step)
        .flatMap((field) => (field.selectionSet ? [field.selectionSet] : []));
    }
    return sets.some((set) => fieldsOf(set, info).some((field) => names.includes(field.name.value)));
  });
}

function fieldsOf(set: SelectionSetNode, info: GraphQLResolveInfo): FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (!isIncluded(selection, info)) return [];
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, info);
    const fragment = info.fragments[selection.name.value];
    return fragment ? fieldsOf(fragment.selectionSet, info) : [];
  });
}

function isIncluded(selection: SelectionNode, info: GraphQLResolveInfo): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues);
  if (skip?.["if"] === true) return false;
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues);
  return include?.["if"] !== false;
}
