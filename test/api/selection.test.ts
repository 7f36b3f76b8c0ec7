/** What is read follows what the client selected: fragments, aliases and @skip / @include included. */

import { buildSchema, graphqlSync } from "graphql";
import type { GraphQLResolveInfo } from "graphql";
import { expect, test } from "vitest";
import { selects } from "../../src/api/selection.js";

const schema = buildSchema(`
  type Query { page: Page }
  type Page { nodes: [Item!]!, edges: [Edge!]! }
  type Edge { node: Item! }
  interface Item { id: ID }
  type Event implements Item { id: ID, result: String }
`);

function selectsResult(query: string, variableValues: Record<string, unknown> = {}): boolean {
  let answer: boolean | undefined;
  const page = (_args: unknown, _context: unknown, info: GraphQLResolveInfo) => {
    answer = selects(info, ["nodes", "edges.node"], ["result"]);
    return null;
  };
  const { errors } = graphqlSync({ schema, source: query, rootValue: { page }, variableValues });
  expect(errors).toBeUndefined();
  return answer as boolean;
}

test.each([
  ["directly, in an inline fragment", "{ page { nodes { ... on Event { result } } } }"],
  ["under an alias", "{ page { things: nodes { ... on Event { outcome: result } } } }"],
  ["on the other path", "{ page { edges { node { ... on Event { result } } } } }"],
  ["in a fragment of a fragment", "{ page { ...p } } fragment p on Page { nodes { ...e } } fragment e on Event { result }"],
  ["in the second of two selections that are merged", "{ page { nodes { id } } page { nodes { ... on Event { result } } } }"],
])("selected %s", (_where, query) => {
  expect(selectsResult(query)).toBe(true);
});

test.each([
  ["another field is", "{ page { nodes { id } } }"],
  ["another field is called so", "{ page { nodes { result: id } } }"],
  ["it is skipped", "{ page { nodes { ... on Event { result @skip(if: true) } } } }"],
  ["its fragment is not included", "{ page { nodes { ... on Event @include(if: false) { result } } } }"],
])("not selected when %s", (_why, query) => {
  expect(selectsResult(query)).toBe(false);
});

test("@include follows its variable", () => {
  const query = "query($with: Boolean!) { page { nodes { ... on Event { result @include(if: $with) } } } }";
  expect(selectsResult(query, { with: true })).toBe(true);
  expect(selectsResult(query, { with: false })).toBe(false);
});
