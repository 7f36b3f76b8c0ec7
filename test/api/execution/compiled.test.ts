/** Compiled execution gives what graphql's own execution gives, to the byte: data, errors, their order, places and causes. */

import { setImmediate as turn } from "node:timers/promises";
import { Kind, execute, parse, print, typeFromAST } from "graphql";
import type { DocumentNode, ExecutionResult, GraphQLInputType, GraphQLSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompiledDocument } from "../../../src/api/execution/CompiledDocument.js";
import { createSchema } from "../../../src/api/schema.js";
import { makeUpWorld, variableOf } from "./madeUpWorld.js";
import type { World } from "./madeUpWorld.js";
import { madeUpOperation, operationsOfTheRepository } from "./operations.js";

let schema: GraphQLSchema;

/** Rejections that nobody took notice of; graphql itself leaves some when a list's element and one before it fail. */
const unwatched: unknown[] = [];
const note = (reason: unknown) => void unwatched.push(reason);
const others = process.listeners("unhandledRejection");

beforeAll(async () => {
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
  schema = await createSchema();
  makeUpWorld(schema);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  for (const other of others) process.on("unhandledRejection", other);
});

/** Everything of a result that can be told apart. */
function written({ errors, data }: ExecutionResult): string {
  const told = errors?.map((error) => ({ ...error.toJSON(), cause: error.originalError?.message, nodes: error.nodes?.map((node) => print(node)) }));
  return JSON.stringify({ errors: told, data }, undefined, 1);
}

async function compiledResult(compiled: CompiledDocument, name: string | undefined, variables: Record<string, unknown>, world: World): Promise<ExecutionResult> {
  const operation = compiled.operation(name);
  if (!operation) throw new Error(`There is no operation ${name}`);
  const { coerced, errors } = operation.coerce(variables);
  return errors ? { errors } : operation.execute(world, coerced as Record<string, unknown>);
}

interface Seen {
  executions: number;
  withErrors: number;
  withData: number;
}

/** Every operation of the document, for each seed, with variables made up: both ways, the compiled one twice. */
async function compare(document: DocumentNode, seeds: readonly number[], seen: Seen): Promise<void> {
  const compiled = new CompiledDocument(schema, document);
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const seed of seeds) {
      const variables = Object.fromEntries((operation.variableDefinitions ?? []).map((definition) =>
        [definition.variable.name.value, variableOf(typeFromAST(schema, definition.type as never) as GraphQLInputType, `${seed}${definition.variable.name.value}`)]));
      const expected = await execute({ schema, document, operationName: operation.name?.value, variableValues: variables, contextValue: { seed } });
      await turn();
      unwatched.length = 0;
      for (const _time of ["planned anew", "as it was planned"]) {
        const result = await compiledResult(compiled, operation.name?.value, variables, { seed });
        expect(written(result), `seed ${seed}, ${JSON.stringify(variables)} of\n${print(document)}`).toBe(written(expected));
      }
      await turn();
      expect(unwatched, `left unwatched by seed ${seed} of\n${print(document)}`).toEqual([]);
      seen.executions += 1;
      if (expected.errors) seen.withErrors += 1;
      if (expected.data) seen.withData += 1;
    }
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test("all operations of the tests, the command line, the pages and the examples", async () => {
  const seen: Seen = { executions: 0, withErrors: 0, withData: 0 };
  const documents = operationsOfTheRepository(schema);
  expect(documents.length).toBeGreaterThan(70);
  for (const document of documents) await compare(document, range(12), seen);
  expect(Math.min(seen.withErrors, seen.withData)).toBeGreaterThan(documents.length);
}, 120_000);

test("made-up operations: fragments, aliases, conditions, interfaces, mutations", async () => {
  const seen: Seen = { executions: 0, withErrors: 0, withData: 0 };
  let valid = 0;
  for (const seed of range(800)) {
    const document = madeUpOperation(schema, seed);
    if (!document) continue;
    valid += 1;
    await compare(document, [seed, seed + 1], seen);
  }
  expect(valid).toBeGreaterThan(300);
  expect(Math.min(seen.withErrors, seen.withData)).toBeGreaterThan(150);
}, 120_000);

describe("of operations by name", () => {
  const both = parse("query A { __typename } query B { a: __typename }");

  test("the named one is executed, the only one needs no name, and of several none is guessed", async () => {
    const compiled = new CompiledDocument(schema, both);
    expect(compiled.operation("B")?.definition.name?.value).toBe("B");
    expect(compiled.operation("C")).toBeUndefined();
    expect(compiled.operation("")).toBeUndefined();
    expect(compiled.operation(undefined)).toBeUndefined();
    expect(new CompiledDocument(schema, parse("{ __typename }")).operation(null)).toBeDefined();
  });
});

test("fields of a mutation run one after the other", async () => {
  const document = parse('mutation { a: deleteWorkflow(id: "1") { deleted } b: deleteWorkflow(id: "2") { deleted } }');
  const own = await createSchema();
  const steps: string[] = [];
  const field = own.getMutationType()?.getFields()["deleteWorkflow"];
  if (!field) throw new Error("There is no such field");
  field.resolve = async (_source, { id }: { id: string }) => {
    steps.push(`begin ${id}`);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(`end ${id}`);
    return { deleted: true, problems: [] };
  };
  const result = await new CompiledDocument(own, document).operation(undefined)?.execute({}, {});
  expect(result).toEqual({ data: { a: { deleted: true }, b: { deleted: true } } });
  expect(steps).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
});
