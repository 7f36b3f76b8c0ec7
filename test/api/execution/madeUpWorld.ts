/** Resolvers that make everything up from a seed: values, nulls, promises, thrown and returned errors, values of wrong types. */

import { GraphQLError, getNullableType, isAbstractType, isEnumType, isInputObjectType, isListType, isNonNullType, isObjectType } from "graphql";
import type { GraphQLInputType, GraphQLOutputType, GraphQLSchema } from "graphql";
import { FanwireError } from "../../../src/errors.js";

/** The same number from 0 to 1 for the same text. */
export function chance(text: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507);
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

export function pick<T>(list: readonly T[], text: string): T {
  return list[Math.floor(chance(text) * list.length)] as T;
}

const NAME = Symbol("name of the type");

/** Replaces all resolvers of the schema. The seed is the context value of an execution: `{ seed }`. */
export function makeUpWorld(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    if (isAbstractType(type)) {
      type.resolveType = (value: MadeUp, { seed }: World) => later<string | undefined>(`${seed}${value.id}type`, chance(`${seed}${value.id}none`) < 0.03 ? undefined : value[NAME]);
    }
    if (!isObjectType(type)) continue;
    if (type.isTypeOf) type.isTypeOf = (value: MadeUp, { seed }: World) => later(`${seed}${value.id}is`, value[NAME] === type.name && chance(`${seed}${value.id}not`) > 0.03);
    for (const field of Object.values(type.getFields())) {
      if (!field.resolve) continue;
      field.resolve = (source: MadeUp | undefined, args: object, { seed }: World, info) =>
        make(info.schema, field.type, `${seed}/${source?.id ?? ""}/${field.name}${JSON.stringify(args)}`);
    }
  }
}

export interface World {
  seed: number;
}

interface MadeUp {
  id: string;
  [NAME]: string;
}

function later<T>(id: string, value: T): T | Promise<T> {
  return chance(`${id}later`) < 0.3 ? Promise.resolve(value) : value;
}

/** What a resolver of this type gives. */
function make(schema: GraphQLSchema, type: GraphQLOutputType, id: string): unknown {
  const fate = chance(`${id}fate`);
  if (fate < 0.02) throw new Error(`thrown at ${id.slice(-30)}`);
  if (fate < 0.03) throw new FanwireError("NOT_FOUND", "thrown with a code");
  if (fate < 0.04) throw new GraphQLError("thrown by graphql", { extensions: { code: "OWN" } });
  if (fate < 0.05) return Promise.reject(new Error("rejected"));
  if (fate < 0.06) return new Error("returned");
  if (fate < 0.07) return later(id, pick<unknown>([{}, 17, "text", [], Number.NaN, true, Symbol.iterator], `${id}wrong`));
  return later(id, chance(`${id}null`) < (isNonNullType(type) ? 0.02 : 0.2) ? pick([null, undefined], id) : value(schema, getNullableType(type) as GraphQLOutputType, id));
}

function value(schema: GraphQLSchema, type: GraphQLOutputType, id: string): unknown {
  if (isListType(type)) {
    const items = Array.from({ length: Math.floor(chance(`${id}length`) * 4) }, (_, i) => item(schema, type.ofType as GraphQLOutputType, `${id}[${i}]`, chance(`${id}promised`) < 0.3));
    return chance(`${id}set`) < 0.1 ? new Set(items) : items;
  }
  if (isObjectType(type)) return madeUp(schema, type.name, id);
  if (isAbstractType(type)) return madeUp(schema, pick(schema.getPossibleTypes(type), `${id}which`).name, id);
  if (isEnumType(type)) return pick(type.getValues(), id).value;
  return scalar(type.name, id);
}

/** An element cannot throw: whoever makes the list gives it. graphql leaves promises unwatched in lists that are not all promises. */
function item(schema: GraphQLSchema, type: GraphQLOutputType, id: string, promised: boolean): unknown {
  try {
    const made = make(schema, type, id);
    return promised ? Promise.resolve(made) : isPromise(made) ? null : made;
  } catch (error) {
    return promised ? Promise.reject(error as Error) : error;
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  if (!(value instanceof Promise)) return false;
  value.catch(() => undefined);
  return true;
}

function madeUp(schema: GraphQLSchema, name: string, id: string): MadeUp {
  const type = schema.getType(name);
  return new Proxy({ id, [NAME]: name } as MadeUp, {
    get(target, property) {
      if (property === NAME) return name;
      if (property === "then" || property === "__typename") return undefined;
      const field = isObjectType(type) && typeof property === "string" ? type.getFields()[property] : undefined;
      // The id is what everything below is made from, unless it is asked for as a field: then it is text all the same.
      if (!field || property === "id") return target[property as "id"];
      if (chance(`${id}.${String(property)}method`) < 0.1) return () => make(schema, field.type, `${id}.${String(property)}()`);
      return make(schema, field.type, `${id}.${String(property)}`);
    },
  });
}

function scalar(name: string, id: string): unknown {
  const number = Math.floor(chance(`${id}scalar`) * 1_000_000);
  switch (name) {
    case "Int": case "DateTime": case "Duration": return number;
    case "Float": return number / 7;
    case "Boolean": return number % 2 === 0;
    case "JSON": return pick<unknown>([number, "x", true, [1, null], { a: { b: number } }, { ["__proto__x"]: 1 }], `${id}json`);
    default: return `text ${number}`;
  }
}

/** JSON for a variable of this type; now and then it does not fit. */
export function variableOf(type: GraphQLInputType, id: string, depth = 0): unknown {
  if (chance(`${id}wrong`) < 0.02) return pick<unknown>([null, 1.5, "no", {}, [3], true], `${id}what`);
  if (isNonNullType(type)) return variableOf(type.ofType as GraphQLInputType, id, depth);
  if (chance(`${id}none`) < 0.2 && depth > 0) return null;
  if (isListType(type)) return chance(`${id}single`) < 0.2 ? variableOf(type.ofType as GraphQLInputType, id, depth + 1) : [0, 1].map((i) => variableOf(type.ofType as GraphQLInputType, `${id}[${i}]`, depth + 1));
  if (isEnumType(type)) return pick(type.getValues(), id).name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || (depth < 3 && chance(`${id}${field.name}has`) < 0.3));
    return Object.fromEntries(fields.map((field) => [field.name, variableOf(field.type, `${id}.${field.name}`, depth + 1)]));
  }
  if (type.name === "DateTime") return "2030-01-31T12:00:00Z";
  if (type.name === "Duration") return "30s";
  if (type.name === "Int") return Math.floor(chance(id) * 100);
  return scalar(type.name, id);
}
