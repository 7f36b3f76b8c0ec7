/** What a client learns of an error: expected ones as they are, unexpected ones masked with an id that is in the log. */

import { randomUUID } from "node:crypto";
import { GraphQLError } from "graphql";
import type { GraphQLFormattedError } from "graphql";
import { FanwireError } from "../errors.js";
import type { ApiLog } from "./ApiLog.js";

/**
 * - A FanwireError keeps its message; its code and whether trying again can help become extensions.
 * - What graphql itself reports (syntax, validation, variables) is the client's: it passes, with `fallbackCode` where it has no code.
 * - Anything else is a defect of ours: logged with its stack under a new id; the client gets the id and nothing more.
 */
export function formatError(error: unknown, log: ApiLog, fallbackCode = "BAD_USER_INPUT"): GraphQLFormattedError {
  const cause = rootCause(error);
  if (cause instanceof FanwireError) {
    return { ...located(error), message: cause.message, extensions: { code: cause.code, retryable: cause.retryable } };
  }
  if (cause instanceof GraphQLError) {
    const { stacktrace: _stacktrace, http: _http, ...extensions } = cause.extensions;
    // The outer message says where in the variables it is.
    const message = error instanceof GraphQLError ? error.message : cause.message;
    return { ...located(error), message, extensions: { ...extensions, code: extensions["code"] ?? fallbackCode } };
  }
  const errorId = randomUUID();
  log.error({ err: cause, errorId }, "An operation failed unexpectedly");
  return {
    ...located(error),
    message: `Something failed that should not have. The server's log has the details under ${errorId}.`,
    extensions: { code: "INTERNAL", retryable: true, errorId },
  };
}

/** graphql wraps what resolvers throw, sometimes more than once. */
function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

function located(error: unknown): Pick<GraphQLFormattedError, "locations" | "path"> {
  if (!(error instanceof GraphQLError)) return {};
  const { locations, path } = error.toJSON();
  return { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
}
