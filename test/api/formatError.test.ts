/** A client learns what is its own mistake, and of ours only an id that the log has too. */

import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { FanwireError } from "../../src/errors.js";
import { formatError } from "../../src/api/formatError.js";

function recordingLog() {
  const entries: { fields: object; message: string }[] = [];
  const write = (fields: object, message: string) => void entries.push({ fields, message });
  return { entries, log: { info: write, warn: write, error: write } };
}

test("a failure with a code keeps code and message, and is not logged", () => {
  const { entries, log } = recordingLog();
  const error = new GraphQLError("wrapped", { path: ["workflow"], originalError: new FanwireError("CURSOR_EXPIRED", "The events are gone.") });
  expect(formatError(error, log)).toEqual({
    message: "The events are gone.", path: ["workflow"], extensions: { code: "CURSOR_EXPIRED", retryable: false },
  });
  expect(entries).toEqual([]);
});

test("what graphql reports passes with the code it has, or the one that fits the place", () => {
  const { log } = recordingLog();
  expect(formatError(new GraphQLError("no such field", { extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }), log).extensions).toEqual({ code: "GRAPHQL_VALIDATION_FAILED" });
  expect(formatError(new GraphQLError("bad variable"), log, "BAD_USER_INPUT").extensions).toEqual({ code: "BAD_USER_INPUT" });
});

test("a defect is masked with an id, and the log has its cause under that id", () => {
  const { entries, log } = recordingLog();
  const defect = new TypeError("secret: redis://user:password@host");
  const shown = formatError(new GraphQLError(defect.message, { originalError: defect }), log);
  expect(JSON.stringify(shown)).not.toMatch(/secret|password|TypeError| at .*:\d/);
  const errorId = shown.extensions?.["errorId"];
  expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
  expect(shown.message).toContain(errorId);
  expect(shown.extensions).toMatchObject({ code: "INTERNAL" });
  expect(entries).toEqual([{ fields: { err: defect, errorId }, message: expect.any(String) }]);
});

test("a stack trace never goes out, whoever put it there", () => {
  const { log } = recordingLog();
  const error = new GraphQLError("x", { extensions: { code: "X", stacktrace: ["at /srv/app.js:1"], http: { status: 400 } } });
  expect(formatError(error, log)).toEqual({ message: "x", extensions: { code: "X" } });
});
