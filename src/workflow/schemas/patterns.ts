/** Patterns of JSON Schemas, matched in linear time: whoever writes a schema must not be able to stop a worker with it. */

import { RE2JS } from "re2js";
import type { Budget } from "./limits.js";
import { SCHEMA_LIMITS } from "./limits.js";

/** The part of RegExp's interface that a check uses. */
export interface Matcher {
  test(text: string): boolean;
}

/** Checks do not yield, so there is at most one at a time. */
let budget: Budget | undefined;

/** Runs a check whose patterns spend from `given`. */
export function spendingFrom<T>(given: Budget, check: () => T): T {
  budget = given;
  try {
    return check();
  } finally {
    budget = undefined;
  }
}

/** @throws Error when it is no pattern, too long, or needs backtracking (lookaround, backreferences) */
export function matcherOf(pattern: string): Matcher {
  if (pattern.length > SCHEMA_LIMITS.patternChars) throw new Error(`it has more than ${SCHEMA_LIMITS.patternChars} characters`);
  const compiled = RE2JS.compile(RE2JS.translateRegExp(new RegExp(pattern, "u")));
  return {
    test(text) {
      budget?.spend(1 + text.length);
      return compiled.matcher(text).find();
    },
  };
}

/** Why a pattern cannot be used; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  try {
    matcherOf(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
