import { describe, expect, test } from "vitest";
import { EXIT_OF } from "../../src/cli/exitCodes.js";
import { requestFailure } from "../../src/client/ClientError.js";
import { GraphqlClient } from "../../src/client/GraphqlClient.js";

describe("requestFailure", () => {
  test("a variable that graphql refuses becomes a problem with its path in the definition", () => {
    const message = 'Variable "$input" got invalid value { name: "a at \\"b\\"; c" } at "input.definition.groups[0].tasks[2]"; Field "handlr" is not defined by type "TaskInput".';
    const failure = requestFailure([{ message, extensions: { code: "BAD_USER_INPUT" } }]);
    expect(EXIT_OF[failure.kind]).toBe(2);
    expect(failure.problems).toEqual([
      { code: "BAD_USER_INPUT", path: "groups[0].tasks[2]", message: 'Field "handlr" is not defined by type "TaskInput".' },
    ]);
  });

  test.each([["UNAVAILABLE", 3], ["INTERNAL", 1], ["LIMIT_EXCEEDED", 2], ["NOT_FOUND", 2]])("%s exits %d", (code, exitCode) => {
    expect(EXIT_OF[requestFailure([{ message: "m", extensions: { code } }]).kind]).toBe(exitCode);
  });
});

describe("the server's URL", () => {
  test.each([
    ["http://host:1", "http://host:1/graphql", "ws://host:1/graphql"],
    ["https://host/api/graphql?x=1", "https://host/api/graphql?x=1", "wss://host/api/graphql?x=1"],
  ])("%s means %s and %s", (given, url, webSocketUrl) => {
    expect(new GraphqlClient(given)).toMatchObject({ url, webSocketUrl });
  });

  test.each(["localhost:4000", "ftp://host", "http://", "nonsense"])("%s is refused", (given) => {
    expect(() => new GraphqlClient(given)).toThrow(expect.objectContaining({ kind: "REFUSED" }) as Error);
  });
});
