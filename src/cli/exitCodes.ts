/** What the process's exit code says, and the failure that carries one up to main. */

import type { ClientErrorKind } from "../client/ClientError.js";
import type { Problem } from "../errors.js";

export const EXIT = {
  /** The command did what it was asked to; a watched workflow completed. */
  OK: 0,
  /** A watched workflow ended otherwise than completed, or the server failed. */
  FAILED: 1,
  /** Usage, an unreadable file, or problems that the server found in the input. */
  INVALID: 2,
  /** No Fanwire server answers. */
  UNREACHABLE: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What the process exits with when the client throws. */
export const EXIT_OF: Readonly<Record<ClientErrorKind, ExitCode>> = { UNREACHABLE: EXIT.UNREACHABLE, REFUSED: EXIT.INVALID, FAILED: EXIT.FAILED };

/** Thrown by commands for failures a person can understand; main prints message and problems and exits with the code. */
export class CommandFailure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly problems: readonly Problem[] = [],
  ) {
    super(message);
    this.name = "CommandFailure";
  }
}

/** As the API writes it. */
export interface FoundProblem { code: string; message: string; path?: string | null; hint?: string | null }

/** @throws CommandFailure with INVALID when there are problems. */
export function refuseProblems(what: string, found: readonly FoundProblem[]): void {
  if (found.length === 0) return;
  const problems = found.map(({ code, message, path, hint }) => ({ code, message, ...(path == null ? {} : { path }), ...(hint == null ? {} : { hint }) }));
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new CommandFailure(EXIT.INVALID, `${what}: ${count}`, problems);
}
