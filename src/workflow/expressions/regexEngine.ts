/** Regular expressions for JSONata that match in linear time: RE2 behind the part of RegExp's interface that JSONata uses. */

import { RE2JS } from "re2js";
import { EXPRESSION_LIMITS, LimitReached } from "./limits.js";

/** JSONata makes one per evaluation of a regex literal, and calls `exec` from `lastIndex` on. */
export class RegexEngine {
  lastIndex = 0;
  readonly #pattern: RE2JS;
  readonly #deadlineMs: number;

  /** @throws Error when RE2 has no such syntax (lookaround, backreferences) or the pattern is too long. */
  constructor(literal: RegExp) {
    // A tree that data smuggled in could hold anything here; only a parsed literal is compiled.
    if (!(literal instanceof RegExp)) throw new Error("a regular expression must be written as a literal");
    this.#pattern = compilePattern(literal);
    this.#deadlineMs = Date.now() + EXPRESSION_LIMITS.timeoutMs;
  }

  exec(text: string): (RegExpExecArray & { index: number }) | null {
    // JSONata's loop over matches has no check of its own, and scanning on from every match is quadratic at worst.
    if (Date.now() > this.#deadlineMs) throw new LimitReached(`it took longer than ${EXPRESSION_LIMITS.timeoutMs} ms`);
    const matcher = this.#pattern.matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    const groups: (string | undefined)[] = [];
    for (let group = 0; group <= matcher.groupCount(); group++) groups.push(matcher.group(group) ?? undefined);
    this.lastIndex = matcher.end();
    return Object.assign(groups, { index: matcher.start(), input: text }) as unknown as RegExpExecArray;
  }
}

/**
 * Why RE2 does not take a regex literal; undefined when it does.
 */
export function regexProblem(literal: unknown): string | undefined {
  if (!(literal instanceof RegExp)) return undefined;
  try {
    compilePattern(literal);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compilePattern(literal: RegExp): RE2JS {
  if (literal.source.length > EXPRESSION_LIMITS.regexChars) {
    throw new Error(`a regular expression may have ${EXPRESSION_LIMITS.regexChars} characters`);
  }
  const flags = (literal.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (literal.multiline ? RE2JS.MULTILINE : 0);
  return RE2JS.compile(RE2JS.translateRegExp(literal), flags);
}
