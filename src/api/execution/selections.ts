/** The fields that a selection set selects of one type, each made ready to be executed for many objects. */

import { defaultFieldResolver, isLeafType, isNonNullType } from "graphql";
import type { FieldNode, GraphQLField, GraphQLFieldResolver, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo } from "graphql";
import { collectFields, collectSubfields } from "graphql/execution/collectFields.js";
import { getFieldDef } from "graphql/execution/execute.js";
import { completerOf } from "./completers.js";
import type { Completer } from "./completers.js";
import { argumentsOf, resolveInfo } from "./fields.js";
import type { Field, FieldPlan, SelectionPlan } from "./fields.js";
import { isPromise } from "./Run.js";
import type { Path, Run } from "./Run.js";

type Resolve = GraphQLFieldResolver<unknown, unknown>;

export function rootSelection(run: Run, type: GraphQLObjectType): SelectionPlan {
  const { schema, fragments, operation } = run.source;
  return planOf(run, type, collectFields(schema, fragments, run.variables, type, operation.selectionSet));
}

function subSelection(run: Run, type: GraphQLObjectType, nodes: readonly FieldNode[]): SelectionPlan {
  const { schema, fragments } = run.source;
  return planOf(run, type, collectSubfields(schema, fragments, run.variables, type, nodes));
}

function planOf(run: Run, type: GraphQLObjectType, collected: Map<string, readonly FieldNode[]>): SelectionPlan {
  const fields: FieldPlan[] = [];
  const template: Record<string, unknown> = {};
  for (const [responseName, nodes] of collected) {
    const definition = getFieldDef(run.source.schema, type, nodes[0] as FieldNode);
    if (!definition) continue;
    fields.push(fieldPlan(responseName, nodes, definition, type));
    // Assigned, "__proto__" would change the prototype instead of making a key.
    if (responseName === "__proto__") Object.defineProperty(template, responseName, { value: null, enumerable: true, writable: true, configurable: true });
    else template[responseName] = null;
  }
  return { fields, template };
}

function fieldPlan(responseName: string, nodes: readonly FieldNode[], definition: GraphQLField<unknown, unknown>, parentType: GraphQLObjectType): FieldPlan {
  const plan: Field = {
    responseName, nodes, definition, parentType, nullable: !isNonNullType(definition.type), select: (run, type) => subSelection(run, type, nodes),
  };
  if (definition.name === "__typename") return { ...plan, execute: () => parentType.name };
  const complete = completerOf(definition.type, plan);
  const resolve = definition.resolve && definition.resolve !== defaultFieldResolver ? definition.resolve : undefined;
  const execute = resolve ? executeResolved(plan, resolve, complete) : executeProperty(plan, complete, isLeafType(nullableOf(definition.type)));
  return { ...plan, execute };
}

function nullableOf(type: GraphQLOutputType): GraphQLOutputType {
  return isNonNullType(type) ? (type.ofType as GraphQLOutputType) : type;
}

function placeOf(plan: Field, prev: Path | undefined): Path {
  return { prev, key: plan.responseName, typename: plan.parentType.name };
}

/** A field with a resolver of its own. */
function executeResolved(plan: Field, resolve: Resolve, complete: Completer): FieldPlan["execute"] {
  return (run, source, parent) => {
    const path = placeOf(plan, parent);
    try {
      return finish(run, plan, path, complete, resolve(source, argumentsOf(run, plan), run.contextValue, resolveInfo(run, plan, path)));
    } catch (raw) {
      return run.fail(raw, plan.nodes, path, plan.nullable);
    }
  };
}

/** A field that is a property of its object. The place of a leaf is needed only when it fails. */
function executeProperty(plan: Field, complete: Completer, leaf: boolean): FieldPlan["execute"] {
  const { name } = plan.definition;
  return (run, source, parent) => {
    let path = leaf ? undefined : placeOf(plan, parent);
    try {
      let value = (typeof source === "object" && source !== null) || typeof source === "function" ? (source as Record<string, unknown>)[name] : undefined;
      if (typeof value === "function") {
        path ??= placeOf(plan, parent);
        value = (source as Record<string, Method>)[name]?.(argumentsOf(run, plan), run.contextValue, resolveInfo(run, plan, path));
      }
      if (leaf && !isPromise(value)) return complete(run, value, undefined, undefined);
      path ??= placeOf(plan, parent);
      return finish(run, plan, path, complete, value);
    } catch (raw) {
      return run.fail(raw, plan.nodes, path ?? placeOf(plan, parent), plan.nullable);
    }
  };
}

type Method = (values: object, contextValue: unknown, info: GraphQLResolveInfo) => unknown;

function finish(run: Run, plan: Field, path: Path, complete: Completer, value: unknown): unknown {
  const completed = isPromise(value) ? value.then((resolved) => complete(run, resolved, path, path)) : complete(run, value, path, path);
  return isPromise(completed) ? completed.then(undefined, (raw: unknown) => run.fail(raw, plan.nodes, path, plan.nullable)) : completed;
}
