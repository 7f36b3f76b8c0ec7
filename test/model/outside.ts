/** What comes from outside while an arbitrary workflow runs: values of external keys, by a client or from the session, and answers. */

import fc from "fast-check";
import type { TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { waitsPlan, type Answers } from "./answers.js";
import type { Case } from "./cases.js";
import { pick, seldom } from "./values.js";

const keyPlan = fc.record({ key: fc.nat(60), afterEvents: fc.nat(12), bySession: fc.boolean() });

export const outsidePlan = fc.record({
  keys: fc.array(keyPlan, { maxLength: 4 }),
  waits: waitsPlan,
  exporter: fc.record({ failures: fc.nat(2), turns: fc.nat(3), fails: fc.nat(3).map((n) => n === 3), isFirst: fc.boolean() }),
});
export type OutsidePlan = typeof outsidePlan extends fc.Arbitrary<infer T> ? T : never;

export const maybeOutside = seldom(3, outsidePlan);

export interface Provided {
  key: string;
  value: JsonValue;
  /** It comes when the log is so long; or when nothing happens any more without it. */
  afterEvents: number;
}

export interface Outside {
  /** External keys that a client gives. The case's context has them as well. */
  provided: readonly Provided[];
  /** Another workflow of the session, which exports further ones if it completes; if not, the client gives those too. */
  exporter?: { definition: WorkflowDefinition; context: JsonObject; keys: readonly string[]; isFirst: boolean; completes: boolean };
  answers: Answers;
}

/** Some keys of the context come later. @param answers of the tasks that wait */
export function withOutside(item: Case, plan: OutsidePlan | null, answers: Answers): Case {
  if (plan === null) return item;
  const { definition, context } = item;
  const reduced = new Set(definition.reducers?.map(({ key }) => key));
  const keys = Object.keys(context).filter((key) => !reduced.has(key));
  const found = new Map(plan.keys.map((one) => [pick(keys, one.key), one]));
  if (found.size === 0 && Object.keys(answers).length === 0) return item;
  const provided = [...found].filter(([, { bySession }]) => !bySession).map(([key, { afterEvents }]): Provided => ({ key, value: context[key] as JsonValue, afterEvents }));
  const exported = [...found].filter(([, { bySession }]) => bySession).map(([key]) => key);
  return {
    ...item,
    definition: found.size > 0 ? { ...definition, externalKeys: [...found.keys()] } : definition,
    outside: { provided, answers, ...(exported.length > 0 ? { exporter: exporterOf(plan.exporter, exported, context) } : {}) },
  };
}

/** What was there from the start. */
export function contextAtFirst({ definition: { externalKeys = [] }, context }: Case): JsonObject {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !externalKeys.includes(key)));
}

/** What the session holds of the other workflow, once that has ended. */
export function exportedBeside({ context, outside }: Case): JsonObject {
  return outside?.exporter?.completes ? Object.fromEntries(outside.exporter.keys.map((key) => [key, context[key] as JsonValue])) : {};
}

/** A task for each key, that takes its time; and, where it is to fail, one that does when all others are done. */
function exporterOf({ failures, turns, fails, isFirst }: OutsidePlan["exporter"], keys: readonly string[], context: JsonObject): NonNullable<Outside["exporter"]> {
  const plain = { dependencies: [], optionalDependencies: [], optionalResultKeys: [], onFailure: "FAIL" as const };
  const makes = keys.map((key, at): TaskDefinition => ({
    ...plain, name: `make${at}`, handler: "echo", input: { value: `{{ given${at} }}`, failures, turns }, after: [], resultKeys: [key],
    retry: { maxAttempts: 3, initialDelayMs: 1, factor: 1, maxDelayMs: 5, jitter: false, nonRetryable: [] },
  }));
  const last: TaskDefinition = { ...plain, name: "last", handler: "fail", input: { code: "BAD", message: "as asked", retryable: false }, after: makes.map(({ name }) => name), resultKeys: [] };
  const definition: WorkflowDefinition = { name: "exporter", groups: [{ name: "g", tasks: fails ? [...makes, last] : makes, dependencies: [] }], onFailure: "CONTINUE", reducers: [], exports: [...keys] };
  return { definition, context: Object.fromEntries(keys.map((key, at) => [`given${at}`, context[key] as JsonValue])), keys, isFirst, completes: !fails };
}
