import { describe, expect, test } from "vitest";
import { GraphqlClient, requestFailure } from "../../src/cli/graphqlClient.js";

describe("requestFailure", () => {
  test("a variable that graphql refuses becomes a problem with its path in the definition", () => {
    const message = 'Variable "$input" got invalid value { name: "a at \\"b\\"; c" } at "input.definition.groups[0].tasks[2]"; Field "handlr" is not defined by type "TaskInput".';
    const failure = requestFailure([{ message, extensions: { code: "BAD_USER_INPUT" } }]);
    expect(failure.exitCode).toBe(2);
    expect(failure.problems).toEqual([
      { code: "BAD_USER_INPUT", path: "groups[0].tasks[2]", message: 'Field "handlr" is not defined by type "TaskInput".' },
    ]);
  });

  test.each([["UNAVAILABLE", 3], ["INTERNAL", 1], ["LIMIT_EXCEEDED", 2], ["NOT_FOUND", 2]])("%s exits %d", (code, exitCode) => {
    expect(requestFailure([{ message: "m", extensions: { code } }]).exitCode).toBe(exitCode);
  });
});

describe("the server's URL", () => {
  test.each([
    ["http://host:1", "http://host:1/graphql", "ws://host:1/graphql"],
    ["https://host/api/graphql?x=1", "https://host/api/graphql?x=1", "wss://host/api/graphql?x=1"],
  ])("%s means %s and %s", (given, url, webSocketUrl) => {
    expect(new GraphqlClient(given)).toMatchObject({ url, webSocketUrl });
  });

  test.each(["localhost:4000", "ftp://host", "http://", "nonsense"])("%s is refused with exit code 2", (given) => {
    expect(() => new GraphqlClient(given)).toThrow(expect.objectContaining({ exitCode: 2 }) as Error);
  });
});
