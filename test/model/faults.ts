/** What no engine may accept of a definition and a context, as far as arbitrary workflows may have it. */

import type { Reducer, WorkflowDefinition } from "../../src/workflow/definition.js";
import { compileTemplate } from "../../src/workflow/expressions/template.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { declareWorkflow, mayHaveVariable, sureVariables, type NodeDecl, type ScopeDecl } from "./declared.js";
import { fitsReducer } from "./reducers.js";
import { fitsContextSchema } from "./schemas.js";

/** As text. */
export function faults(definition: WorkflowDefinition, context: JsonObject): string[] {
  const reducers = new Set(definition.reducers?.map(({ key }) => key));
  const misfits = (definition.reducers ?? []).filter(({ key, reducer }) => Object.hasOwn(context, key) && !startsFrom(reducer, context[key] as JsonValue));
  const schema = definition.contextSchema;
  return [
    ...misfits.map(({ key, reducer }) => `${reducer} cannot start from ${key}`),
    ...(schema === undefined || fitsContextSchema(schema, context) ? [] : ["the context does not fit its schema"]),
    ...scopesOf(declareWorkflow(definition)).flatMap((scope) => faultsIn(scope, context, reducers)),
  ];
}

function faultsIn(scope: ScopeDecl, context: JsonObject, reducers: ReadonlySet<string>): string[] {
  return [
    ...[...scope.writersOf].filter(([key, writers]) => writers.length > 1 && !reducers.has(key)).map(([key]) => `two writers of ${key}`),
    ...[...scope.writersOf.keys()].filter((key) => !scope.group && Object.hasOwn(context, key) && !reducers.has(key)).map((key) => `${key} is in the context`),
    ...(scope.group ? sureVariables(scope.group.expansion) : []).filter((name) => scope.writersOf.has(name)).map((name) => `${name} is a variable too`),
    ...(scope.group?.keys ?? []).filter((key) => !scope.writersOf.has(key)).map((key) => `nobody writes the result key ${key}`),
    ...scope.nodes.flatMap((node) => [...node.required].filter((name) => !isKnown(scope, name, context)).map((name) => `${node.address} reads ${name}`)),
    ...scope.nodes.flatMap((node) => undoingReads(node).filter((name) => !isKnown(scope, name, context)).map((name) => `the compensation of ${node.address} reads ${name}`)),
    ...scope.nodes.filter((node) => selfReads(node).length > 0).map(({ address }) => `${address} reads what it writes`),
  ];
}

function startsFrom(reducer: Reducer, initial: JsonValue): boolean {
  return reducer === "APPEND" ? Array.isArray(initial) : fitsReducer(reducer, initial);
}

function scopesOf(scope: ScopeDecl): ScopeDecl[] {
  return [scope, ...scope.nodes.flatMap((node) => (node.kind === "GROUP" ? scopesOf(node.inner) : []))];
}

function isKnown({ writersOf, group }: ScopeDecl, name: string, context: JsonObject): boolean {
  if (writersOf.has(name)) return true;
  if (!group) return Object.hasOwn(context, name);
  return sureVariables(group.expansion).includes(name) || mayHaveVariable(group.expansion, name) || isKnown(group.scope, name, context);
}

/** Nobody waits for these, but there has to be something of the name. */
function undoingReads(node: NodeDecl): string[] {
  if (node.kind === "GROUP" || !node.task.compensate) return [];
  const { expansion, compensate } = node.task;
  const isVariable = (name: string): boolean => expansion !== undefined && (sureVariables(expansion).includes(name) || mayHaveVariable(expansion, name));
  return compileTemplate(compensate.input ?? null).reads.required.filter((name) => !isVariable(name));
}

function selfReads(node: NodeDecl): string[] {
  return [...node.readable].filter((name) => [...node.keys, ...node.optionalKeys].includes(name));
}
