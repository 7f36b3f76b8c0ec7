/** From what a resolver gave to what the answer holds, one function per type: lists, leaves, objects, interfaces. */

import {
  GraphQLError, defaultTypeResolver, isAbstractType, isEnumType, isLeafType, isListType, isNonNullType, isSpecifiedScalarType,
} from "graphql";
import type { GraphQLAbstractType, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType } from "graphql";
import { inspect } from "graphql/jsutils/inspect.js";
import { ignoreRejection, isPromise } from "./Run.js";
import type { Path, Run } from "./Run.js";
import { executeFields, resolveInfo } from "./fields.js";
import type { Field, SelectionPlan } from "./fields.js";

/**
 * @param path the value's own place; leaves are not told it
 * @param fieldPath the place of the field; another than `path` inside lists
 * @throws Error or GraphQLError for the place that the value was for
 */
export type Completer = (run: Run, value: unknown, path: Path | undefined, fieldPath: Path | undefined) => unknown;

export function completerOf(type: GraphQLOutputType, plan: Field): Completer {
  if (isNonNullType(type)) return nonNull(completerOf(type.ofType as GraphQLOutputType, plan), plan);
  if (isListType(type)) return list(type.ofType as GraphQLOutputType, plan);
  if (isLeafType(type)) return leaf(type);
  return isAbstractType(type) ? abstract(type, plan) : object(type, plan);
}

function nonNull(complete: Completer, { parentType, definition }: Field): Completer {
  return (run, value, path, fieldPath) => {
    const completed = complete(run, value, path, fieldPath);
    if (completed === null) throw new Error(`Cannot return null for non-nullable field ${parentType.name}.${definition.name}.`);
    return completed;
  };
}

function leaf(type: GraphQLLeafType): Completer {
  // What graphql's own scalars and enums do with values that are already what they should be.
  const plain = isSpecifiedScalarType(type) && (type.name === "String" || type.name === "ID") ? "string" : type.name === "Boolean" ? "boolean" : undefined;
  const known = isEnumType(type) ? new Map<unknown, string>(type.getValues().map(({ value, name }) => [value, name])) : undefined;
  return (_run, value) => {
    if (typeof value === plain) return value;
    if (value == null) return null;
    const name = known?.get(value);
    if (name !== undefined) return name;
    if (value instanceof Error) throw value;
    const serialized: unknown = type.serialize(value);
    if (serialized == null) {
      throw new Error(`Expected \`${inspect(type)}.serialize(${inspect(value)})\` to return non-nullable value, returned: ${inspect(serialized)}`);
    }
    return serialized;
  };
}

function list(itemType: GraphQLOutputType, plan: Field): Completer {
  const complete = completerOf(itemType, plan);
  const nullable = !isNonNullType(itemType);
  const leaves = isLeafType(nullable ? itemType : itemType.ofType);
  return (run, value, path, fieldPath) => {
    if (value instanceof Error) throw value;
    if (value == null) return null;
    if (typeof value !== "object" || !(Symbol.iterator in value)) {
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${plan.parentType.name}.${plan.definition.name}".`);
    }
    const items: unknown[] = Array.isArray(value) ? value : Array.from(value as Iterable<unknown>);
    const placeOf = (index: number): Path => ({ prev: path, key: index, typename: undefined });
    const failItem = (raw: unknown, place: Path) => run.fail(raw, plan.nodes, place, nullable);
    const completed: unknown[] = [];
    let waits = false;
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      const place = leaves && !isPromise(item) ? undefined : placeOf(index);
      try {
        let result = isPromise(item) ? item.then((resolved) => complete(run, resolved, place, fieldPath)) : complete(run, item, place, fieldPath);
        if (isPromise(result)) {
          waits = true;
          result = result.then(undefined, (raw: unknown) => failItem(raw, place ?? placeOf(index)));
        }
        completed.push(result);
      } catch (raw) {
        try {
          completed.push(failItem(raw, place ?? placeOf(index)));
        } catch (error) {
          completed.forEach(ignoreRejection);
          throw error;
        }
      }
    }
    return waits ? Promise.all(completed) : completed;
  };
}

/** A selection is planned when the first object of its type comes: most of what an interface could be never does. */
function selectionOf(type: GraphQLObjectType, plan: Field): (run: Run) => SelectionPlan {
  let selection: SelectionPlan | undefined;
  return (run) => (selection ??= plan.select(run, type));
}

function object(type: GraphQLObjectType, plan: Field): Completer {
  const execute = executeObject(type, plan);
  return (run, value, path, fieldPath) => {
    if (value instanceof Error) throw value;
    return value == null ? null : execute(run, value, path, fieldPath);
  };
}

function executeObject(type: GraphQLObjectType, plan: Field): Completer {
  const selection = selectionOf(type, plan);
  const { isTypeOf } = type;
  if (!isTypeOf) return (run, value, path) => executeFields(run, selection(run), value, path);
  const mismatch = (value: unknown) => new GraphQLError(`Expected value of type "${type.name}" but got: ${inspect(value)}.`, { nodes: plan.nodes });
  return (run, value, path, fieldPath) => {
    const fits = isTypeOf.call(type, value, run.contextValue, resolveInfo(run, plan, fieldPath as Path));
    if (isPromise(fits)) {
      return fits.then((answer) => {
        if (!answer) throw mismatch(value);
        return executeFields(run, selection(run), value, path);
      });
    }
    if (!fits) throw mismatch(value);
    return executeFields(run, selection(run), value, path);
  };
}

function abstract(type: GraphQLAbstractType, plan: Field): Completer {
  const objects = new Map<string, Completer>();
  const resolveType = type.resolveType ?? defaultTypeResolver;
  const completerFor = (run: Run, name: unknown, value: unknown): Completer => {
    const known = objects.get(name as string);
    if (known) return known;
    const complete = executeObject(possibleType(run, type, plan, name, value), plan);
    objects.set(name as string, complete);
    return complete;
  };
  return (run, value, path, fieldPath) => {
    if (value instanceof Error) throw value;
    if (value == null) return null;
    const name: unknown = resolveType.call(type, value, run.contextValue, resolveInfo(run, plan, fieldPath as Path), type);
    if (isPromise(name)) return name.then((resolved) => completerFor(run, resolved, value)(run, value, path, fieldPath));
    return completerFor(run, name, value)(run, value, path, fieldPath);
  };
}

/** @throws GraphQLError when the value's type is none that the interface or union can be */
function possibleType(run: Run, type: GraphQLAbstractType, plan: Field, name: unknown, value: unknown): GraphQLObjectType {
  const field = `${plan.parentType.name}.${plan.definition.name}`;
  const fail = (message: string) => new GraphQLError(message, { nodes: plan.nodes });
  if (name == null) {
    throw fail(`Abstract type "${type.name}" must resolve to an Object type at runtime for field "${field}". Either the "${type.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`);
  }
  if (typeof name !== "string") {
    throw new GraphQLError(`Abstract type "${type.name}" must resolve to an Object type at runtime for field "${field}" with value ${inspect(value)}, received "${inspect(name)}".`);
  }
  const possible = run.source.schema.getPossibleTypes(type).find((candidate) => candidate.name === name);
  if (!possible) throw fail(`Runtime Object type "${name}" is not a possible type for "${type.name}".`);
  return possible;
}
