import { readdirSync, readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, test } from "vitest";
import * as operations from "../../src/cli/operations.js";
import { ROOT } from "./runCli.js";

const schema = buildSchema(readFileSync(`${ROOT}schema/schema.graphql`, "utf8"));

describe("documents that the schema allows", () => {
  test.each(Object.entries(operations))("the command line's %s", (_name, { text }) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  test("the client examples' operations, all together", () => {
    const folder = `${ROOT}client-examples/operations/`;
    const text = readdirSync(folder).map((name) => readFileSync(folder + name, "utf8")).join("\n");
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });
});
