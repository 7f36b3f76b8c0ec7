/** Makes tests of rules short: all problems of a definition, compared whole, so that one too many fails as well. */

import { expect } from "vitest";
import type { Problem } from "../../src/errors.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import type { KnownHandlers } from "../../src/workflow/rules/ruleInput.js";
import { validateWorkflow } from "../../src/workflow/validate.js";

export const knownHandlers: KnownHandlers = namedHandlers("log", "http", "delay", "fail", "transform");

export interface ExpectedProblem {
  code: string;
  path: string;
  /** Texts that the message must hold, e.g. the names of what is at fault. */
  says?: string[];
  /** Texts that the hint must hold. */
  hint?: string[];
}

/** `context` is {} unless given. */
export function expectProblems(definition: WorkflowDefinition, expected: ExpectedProblem[], context: JsonValue | undefined = {}): void {
  const problems = validateWorkflow(definition, context, knownHandlers);
  expect(problems.map(({ code, path }) => ({ code, path }))).toEqual(expected.map(({ code, path }) => ({ code, path })));
  problems.forEach((found, at) => expectTexts(found, expected[at] as ExpectedProblem));
}

function expectTexts(found: Problem, { says = [], hint = [] }: ExpectedProblem): void {
  for (const text of says) expect(found.message).toContain(text);
  for (const text of hint) expect(found.hint).toContain(text);
}

function namedHandlers(...names: string[]): KnownHandlers {
  return { has: (name) => names.includes(name), names: () => names };
}
