/** Tasks that wait for an answer from outside: which ones do, what they are answered, and what the reference makes of it. */

import fc from "fast-check";
import type { SignalAnswer, SignalWait } from "../../src/engine/signals.js";
import { FanwireError } from "../../src/errors.js";
import type { ExpansionDefinition, TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { odd, pick } from "./values.js";

const answerPlan = fc.record({ payload: fc.nat(60), reject: fc.nat(3).map((n) => n === 3), lacking: fc.nat(9).map((n) => n === 9) });

const waitPlan = fc.record({
  task: fc.nat(11),
  approval: fc.boolean(),
  /** 0: nobody answers, and time is up. */
  form: fc.nat(3),
  timeoutMs: fc.integer({ min: 1, max: 4 }),
  /** What counts when time is up: nothing, which is a failure, or one of the answers. */
  byDefault: fc.nat(2),
  answers: fc.array(answerPlan, { minLength: 1, maxLength: 2 }),
});
type WaitPlan = typeof waitPlan extends fc.Arbitrary<infer T> ? T : never;

export const waitsPlan = fc.array(waitPlan, { maxLength: 3 });
export type WaitsPlan = WaitPlan[];

/** By the address of the task in the definition; none where time is up before anybody answers. */
export type Answers = Readonly<Record<string, readonly SignalAnswer[]>>;

/** By the position of the task. @param tasks how many there are */
export function waitsOf(plans: WaitsPlan, tasks: number): Map<number, WaitPlan> {
  return new Map(plans.map((plan) => [plan.task % tasks, plan]));
}

/** The task as one that waits, and its answers, if it gets any. @param fields that its result needs */
export function asWait(task: TaskDefinition, plan: WaitPlan, fields: readonly string[]): { task: TaskDefinition; answers: SignalAnswer[] | undefined } {
  // An approval's result has fields of its own.
  const isApproval = plan.approval && fields.length === 0;
  const given = plan.answers.map(({ payload, reject, lacking }): SignalAnswer => ({ outcome: reject ? "REJECT" : "APPROVE", payload: payloadOf(payload, lacking ? fields.slice(1) : fields) }));
  const isLate = plan.form === 0;
  const late = isLate ? { timeout: `${plan.timeoutMs}ms`, ...defaultOf(plan, given[0] as SignalAnswer, isApproval) } : {};
  const waits = { ...task, handler: isApproval ? "approval" : "signal", input: { ...late, ...(isApproval ? { prompt: "{{ $workflow.name }}?" } : {}) } };
  return { task: task.expansion ? { ...waits, expansion: withoutBatches(task.expansion) } : waits, answers: isLate ? undefined : given };
}

export function withoutBatches({ batchSize: _, ...expansion }: ExpansionDefinition): ExpansionDefinition {
  return expansion;
}

function payloadOf(at: number, fields: readonly string[]): JsonValue {
  return fields.length === 0 ? pick(odd, at) : Object.fromEntries(fields.map((field, i) => [field, pick(odd, at + i)]));
}

function defaultOf({ byDefault }: WaitPlan, answer: SignalAnswer, isApproval: boolean): JsonObject {
  if (byDefault === 0) return {};
  // Templates take braces for their own.
  const payload = JSON.stringify(answer.payload).includes("{{") ? "plain" : answer.payload;
  if (!isApproval) return { default: payload };
  return { default: byDefault === 1 ? answer.outcome : { outcome: answer.outcome, payload } };
}

/** Units of one task are answered in turn, as their addresses have it. @param unit the address of a task or item */
export function answerOf(answers: Answers, task: string, unit: string): SignalAnswer | undefined {
  const given = answers[task];
  return given?.[[...unit].reduce((sum, character) => sum + (character.codePointAt(0) as number), 0) % given.length];
}

/** @throws FanwireError TIMEOUT, REJECTED */
export function answered({ kind, byDefault, timeoutMs }: SignalWait, given: SignalAnswer | undefined): JsonValue {
  const answer = given ?? byDefault;
  if (!answer) throw new FanwireError("TIMEOUT", `Nobody answered within ${timeoutMs} ms`);
  const { outcome, payload } = answer;
  if (outcome === "REJECT") throw new FanwireError("REJECTED", "It was rejected", { retryable: false, details: payload });
  return kind === "APPROVAL" ? { outcome, payload } : payload;
}
