/** The process's own log: JSON lines through pino, with secrets cut out. */

import { pino } from "pino";
import type { Config } from "../config.js";

/** What the product asks of a log; a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Fields that may carry a credential wherever they appear, one level down included. */
const SECRET_FIELDS = ["authorization", "password", "token", "secret", "apiKey", "redisUrl", "connectionParams"];

/**
 * @param destination file descriptor: 1 for servers, 2 for commands whose output is on 1.
 */
export function createLog(level: Config["logLevel"], destination: 1 | 2 = 1): Log {
  return pino({
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors of the Redis client carry the whole command, payloads included: those stay out.
    serializers: { err: describeError },
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: "[redacted]" },
  }, pino.destination({ dest: destination, sync: true }));
}

/** For callers that have no log: tests, and commands before their configuration is read. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...("code" in error ? { code: error.code } : {}), ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
