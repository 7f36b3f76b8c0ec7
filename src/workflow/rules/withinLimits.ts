/** The definition, and each value of the context, are within their limits. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import type { WorkflowDefinition } from "../definition.js";
import { isObject } from "../json.js";
import { childPath, jsonBytes } from "../jsonTree.js";
import { LIMITS } from "../limits.js";
import type { ContextInput, RuleInput } from "./ruleInput.js";

/** What the API fills in where the client wrote nothing; empty lists besides. */
const DEFAULTS: ReadonlyMap<string, readonly unknown[]> = new Map(Object.entries({
  onFailure: ["CONTINUE", "FAIL"], outputFormat: ["MERGE"], onItemFailure: ["DROP"], failFast: [true], flatten: [false], nested: [false],
}));

export function withinLimits({ definition, tasks }: RuleInput): Problem[] {
  const problems: Problem[] = [];
  const declared = tasks.filter(({ kind }) => kind === "TASK").length;
  if (declared > LIMITS.tasks) {
    problems.push(problem("LIMIT_EXCEEDED", `The workflow declares ${declared} tasks; the limit is ${LIMITS.tasks}`, "groups",
      "Use an expansion to run one task for many items."));
  }
  const tooDeep = declaredGroups(definition).find(({ depth }) => depth > LIMITS.groupDepth);
  if (tooDeep) {
    problems.push(problem("LIMIT_EXCEEDED", `Group ${tooDeep.address} is nested ${tooDeep.depth} levels deep; the limit is ${LIMITS.groupDepth}`, tooDeep.path,
      "Put its tasks into a group further out."));
  }
  const bytes = writtenBytes(definition);
  if (bytes > LIMITS.definitionBytes) {
    problems.push(problem("LIMIT_EXCEEDED", `The definition has ${bytes} bytes; the limit is ${LIMITS.definitionBytes}`, "groups",
      "Move data into the context, where each key may have as much."));
  }
  return problems;
}

export function contextWithinLimits({ context }: ContextInput): Problem[] {
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(isObject(context) ? context : {})) {
    const size = jsonBytes(value);
    if (size <= LIMITS.contextValueBytes) continue;
    problems.push(problem("LIMIT_EXCEEDED", `The context's ${key} has ${size} bytes; the limit is ${LIMITS.contextValueBytes}`, childPath("context", key),
      "Split it over several keys, or let a task fetch it."));
  }
  return problems;
}

/** Size of the definition about as the client wrote it: defaults must not count against 10,000 small tasks. */
function writtenBytes(definition: WorkflowDefinition): number {
  const isDefault = (key: string, value: unknown): boolean => DEFAULTS.get(key)?.includes(value) ?? (Array.isArray(value) && value.length === 0);
  return Buffer.byteLength(JSON.stringify(definition, (key, value: unknown) => (isDefault(key, value) ? undefined : value)));
}
