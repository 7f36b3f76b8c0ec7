/** The schema: committed as it is, described throughout. */

import "reflect-metadata";
import { isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isSpecifiedScalarType } from "graphql";
import type { GraphQLField, GraphQLNamedType, GraphQLSchema } from "graphql";
import { beforeAll, expect, test } from "vitest";
import { createSchema, printSortedSchema } from "../../src/api/schema.js";

let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await createSchema();
});

test("schema/schema.graphql is the schema that the code builds", async () => {
  await expect(printSortedSchema(schema)).toMatchFileSnapshot("../../schema/schema.graphql");
});

test("every type, field, argument and enum value has a description that is a sentence", () => {
  const undescribed = ownTypes().flatMap((type) => describedParts(type)).filter(([, text]) => !/^[A-Za-z0-9"].{3,}[.x")]$/.test(text ?? ""));
  expect(undescribed).toEqual([]);
});

test("a description says more than the name", () => {
  const names = ownTypes().flatMap(describedParts).filter(([place, text]) => text?.toLowerCase().replace(/[^a-z]/g, "") === place.split(".").at(-1)?.toLowerCase());
  expect(names).toEqual([]);
});

test("durations have the documented defaults, printed as people write them", () => {
  const sdl = printSortedSchema(schema);
  expect(sdl).toContain('initialDelay: Duration = "1s"');
  expect(sdl).toContain('maxDelay: Duration = "1m"');
  expect(sdl).toContain('throttle: Duration = "250ms"');
});

function ownTypes(): GraphQLNamedType[] {
  return Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
}

type Part = [place: string, description: string | null | undefined];

function describedParts(type: GraphQLNamedType): Part[] {
  const parts: Part[] = [[type.name, type.description]];
  if (isEnumType(type)) parts.push(...type.getValues().map((value): Part => [`${type.name}.${value.name}`, value.description]));
  if (isInputObjectType(type)) parts.push(...Object.values(type.getFields()).map((field): Part => [`${type.name}.${field.name}`, field.description]));
  if (isObjectType(type) || isInterfaceType(type)) parts.push(...Object.values(type.getFields()).flatMap((field) => fieldParts(type.name, field)));
  return parts;
}

function fieldParts(typeName: string, field: GraphQLField<unknown, unknown>): Part[] {
  const place = `${typeName}.${field.name}`;
  return [[place, field.description], ...field.args.map((arg): Part => [`${place}.${arg.name}`, arg.description])];
}
