/** Executes planned selections: the fields of one object, at once or one after the other. */

import { getArgumentValues } from "graphql";
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo } from "graphql";
import { isPromise } from "./Run.js";
import type { Path, Run } from "./Run.js";

/** A field of a type as a document selects it. */
export interface FieldPlan {
  readonly responseName: string;
  readonly nodes: readonly FieldNode[];
  readonly definition: GraphQLField<unknown, unknown>;
  readonly parentType: GraphQLObjectType;
  readonly nullable: boolean;
  /** What it selects of the objects that are its value. */
  select(run: Run, type: GraphQLObjectType): SelectionPlan;
  /** Its value in the answer, or a promise of it. @throws GraphQLError, located, when it failed and may not be null */
  execute(run: Run, source: unknown, path: Path | undefined): unknown;
}

export interface SelectionPlan {
  readonly fields: readonly FieldPlan[];
  /** Copied for every object: objects that begin alike are filled and written faster, and "__proto__" is a key like others. */
  readonly template: Readonly<Record<string, unknown>>;
}

/** A field without the way to execute it: all that the parts of that way need to know. */
export type Field = Omit<FieldPlan, "execute">;

export function argumentsOf(run: Run, plan: Field): Record<string, unknown> {
  return plan.definition.args.length === 0 ? {} : getArgumentValues(plan.definition, plan.nodes[0] as FieldNode, run.variables);
}

export function resolveInfo(run: Run, { definition, nodes, parentType }: Field, path: Path): GraphQLResolveInfo {
  const { schema, fragments, operation } = run.source;
  return {
    fieldName: definition.name, fieldNodes: nodes, returnType: definition.type, parentType, path, schema, fragments,
    rootValue: run.rootValue, operation, variableValues: run.variables,
  };
}

/** @throws GraphQLError (or the promise rejects) when a field that may not be null failed */
export function executeFields(run: Run, { fields, template }: SelectionPlan, source: unknown, path: Path | undefined): unknown {
  const results = { ...template };
  let pending: { names: string[]; values: Promise<unknown>[] } | undefined;
  try {
    for (const field of fields) {
      const value = field.execute(run, source, path);
      results[field.responseName] = value;
      if (isPromise(value)) {
        pending ??= { names: [], values: [] };
        pending.names.push(field.responseName);
        pending.values.push(value);
      }
    }
  } catch (error) {
    // The others are waited for: they may fail too, and nobody else would take notice. `then` makes it take as long as in graphql, where the order
    // of errors that come at the same time depends on it.
    if (pending) return Promise.all(pending.values).then(() => undefined).finally(() => { throw error; });
    throw error;
  }
  if (!pending) return results;
  const { names, values } = pending;
  return Promise.all(values).then((resolved) => {
    names.forEach((name, i) => (results[name] = resolved[i]));
    return results;
  });
}

/** One after the other, as the fields of a mutation are. */
export async function executeSerially(run: Run, { fields, template }: SelectionPlan): Promise<unknown> {
  const results = { ...template };
  for (const field of fields) results[field.responseName] = await field.execute(run, run.rootValue, undefined);
  return results;
}
