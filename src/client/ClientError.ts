/** What a client throws: nobody answers, the server refuses, or it fails. */

import type { Problem } from "../errors.js";

export type ClientErrorKind = "UNREACHABLE" | "REFUSED" | "FAILED";

export class ClientError extends Error {
  /** The first problem's code. */
  readonly code: string | undefined;

  /**
   * @param kind UNREACHABLE: nobody answers, or the server cannot do it now; REFUSED: something must be changed in what was asked;
   *   FAILED: the server failed on it
   * @param problems all that is wrong with what was asked
   */
  constructor(readonly kind: ClientErrorKind, message: string, readonly problems: readonly Problem[] = []) {
    super(message);
    this.name = "ClientError";
    this.code = problems[0]?.code;
  }
}

/** Thrown when nothing that speaks GraphQL answers at the URL. */
export class ServerUnreachable extends ClientError {
  constructor(
    readonly url: string,
    reason: string,
    /** True when the connection itself failed, so that no request can have been carried out. */
    readonly refused: boolean,
  ) {
    super("UNREACHABLE", `No Fanwire server answers at ${url} (${reason})`);
  }
}

export interface GraphqlFailure {
  message: string;
  extensions?: { code?: string; problems?: Problem[] };
}

/** A refused or failed request: problems where the server tells them, else its messages. */
export function requestFailure(errors: readonly GraphqlFailure[]): ClientError {
  const codes = errors.map((error) => error.extensions?.code);
  if (codes.includes("UNAVAILABLE")) return new ClientError("UNREACHABLE", `The server cannot do this now: ${errors[0]?.message}`);
  if (codes.some((code) => code === "INTERNAL" || code === "INTERNAL_SERVER_ERROR")) {
    return new ClientError("FAILED", `The server failed: ${errors[0]?.message}`);
  }
  return new ClientError("REFUSED", "The server refuses the request", errors.flatMap(problemsOf));
}

/** @throws ClientError REFUSED when there are problems; its message tells the first one */
export function refuseProblems(what: string, problems: readonly { code: string; message: string; path?: string | null; hint?: string | null }[]): void {
  const [first] = problems;
  if (!first) return;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  const told = problems.map(({ code, message, path, hint }) => ({ code, message, ...(path == null ? {} : { path }), ...(hint == null ? {} : { hint }) }));
  throw new ClientError("REFUSED", `${what}: ${first.path == null ? "" : `${first.path}: `}${first.message} [${first.code}]${more}`, told);
}

/** graphql-js writes where a variable is wrong into the message; here it becomes the path, as validation writes paths. */
const VARIABLE_MESSAGE = /^Variable "\$\w+" got invalid value (?:[\s\S]*?) at "(?:input\.)?(?:definition\.)?([^"]+)"; ([\s\S]*)$/;

function problemsOf(error: GraphqlFailure): Problem[] {
  if (error.extensions?.problems !== undefined && error.extensions.problems.length > 0) return error.extensions.problems;
  const code = error.extensions?.code ?? "INVALID_VALUE";
  const found = VARIABLE_MESSAGE.exec(error.message);
  if (found === null) return [{ code, message: error.message }];
  return [{ code, path: found[1] as string, message: found[2] as string }];
}
