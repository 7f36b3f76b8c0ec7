/** Arbitrary tasks, and the context they start from, as plans; and what is built of a task's plan among the keys there are. */

import fc from "fast-check";
import type { ExpansionDefinition, RetryDefinition, TaskDefinition, TaskGroupDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import type { Shadow } from "./expandedGroups.js";
import { buildCompensation, compensationPlan } from "./compensations.js";
import { buildExpansion, expansionPlan, variablesIn } from "./expansions.js";
import { SIDE_QUEUE } from "./handlers.js";
import type { Before } from "./levels.js";
import { SCHEMAS } from "./schemas.js";
import { SECRET_FORMS, secretPlaceholder } from "./secrets.js";
import { expressionOver, odd, oddValue, pick, placeholderOver, reference, refPlan, seldom, type RefPlan } from "./values.js";

const HANDLERS = ["transform", "echo", "transform", "fail", "echo", "transform", "delay", "log"] as const;
export const GROUPS = ["g", "h", "group-2"];
/** Keys that several tasks may write; `total` and `all` stand in the context as well. */
export const SHARED = ["shared", "sum", "total", "all"];
const CODES = ["BAD", "ODD"];

export const taskPlan = fc.record({
  group: fc.nat(2),
  handler: fc.nat(HANDLERS.length - 1),
  refs: fc.array(refPlan, { maxLength: 3 }),
  flavour: fc.nat(30),
  keys: fc.nat(9),
  when: seldom(4, fc.record({ form: fc.nat(7), key: fc.nat(60) })),
  after: fc.array(fc.nat(11), { maxLength: 2 }),
  dependencies: fc.array(fc.nat(60), { maxLength: 1 }),
  optionalDependencies: fc.array(fc.nat(60), { maxLength: 1 }),
  retry: seldom(1, fc.record({ maxAttempts: fc.integer({ min: 1, max: 4 }), delayMs: fc.nat(3), final: fc.boolean() })),
  onFailure: fc.constantFrom("FAIL", "IGNORE", "FALLBACK"),
  expansion: seldom(1, expansionPlan),
  /** Which of the keys with a reducer it writes instead of its own, if one. */
  shared: seldom(3, fc.nat(7)),
  validate: seldom(5, fc.nat(5)),
  schema: seldom(7, fc.nat(4)),
  priority: seldom(3, fc.integer({ min: -2, max: 2 })),
  queue: seldom(5, fc.constant(SIDE_QUEUE)),
  compensation: seldom(3, compensationPlan),
  secret: seldom(11, fc.nat(2 * SECRET_FORMS - 2)),
});
export type TaskPlan = typeof taskPlan extends fc.Arbitrary<infer T> ? T : never;

export const contextPlan = fc.record({
  n: fc.integer({ min: -2, max: 5 }),
  flag: fc.boolean(),
  xs: fc.array(oddValue, { maxLength: 4 }),
  total: fc.integer({ min: -2, max: 5 }),
  all: fc.array(oddValue, { maxLength: 2 }),
  ys: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
  rows: fc.array(fc.record({ id: fc.oneof(fc.nat(4), oddValue), v: oddValue }), { maxLength: 5 }),
  obj: fc.record({ id: fc.record({ x: oddValue }), tags: fc.array(oddValue, { maxLength: 2 }) }),
  "ключ-1 🙂": oddValue,
  "a b": oddValue,
});

export function sharedKey({ shared }: TaskPlan): string | undefined {
  return shared === null ? undefined : pick(SHARED, shared);
}

export function buildTask(plan: TaskPlan, at: number, group: TaskGroupDefinition, address: string, before: Before, keys: ResultKeys): TaskDefinition {
  // The same name in several groups: `after` has to find the right one.
  const name = keys.resultKeys && !group.tasks.some((task) => task.name === "same") ? "same" : `t${at}`;
  const roots = rootsOf(plan, before);
  const expansion = plan.expansion === null ? undefined : buildExpansion(plan.expansion, before.lists, [...before.keys, ...before.variables]);
  return {
    name,
    handler: expansion?.batchSize === undefined ? pick(HANDLERS, plan.handler) : "echoes",
    input: handlerInput(plan, keys, roots, expansion),
    dependencies: plan.dependencies.filter((key) => key % 3 === 0).map((key) => pick(before.keys, key)),
    optionalDependencies: plan.optionalDependencies.map((key) => pick(before.keys, key)),
    after: before.tasks.length === 0 ? [] : plan.after.map((which) => addressOf(pick(before.tasks, which), address)),
    ...(keys.resultKeys ? { resultKeys: keys.resultKeys } : {}),
    optionalResultKeys: keys.optionalResultKeys,
    ...(plan.when ? { when: condition(plan.when, before) } : {}),
    ...(expansion ? { expansion } : {}),
    ...(plan.validate === null ? {} : { validate: pick(VALIDATIONS, plan.validate) }),
    ...(plan.schema === null ? {} : { resultSchema: pick(SCHEMAS, plan.schema) }),
    ...(plan.retry ? { retry: retryOf(plan.retry) } : {}),
    ...(plan.priority === null || plan.priority === 0 ? {} : { priority: plan.priority }),
    ...(plan.queue === null ? {} : { queue: plan.queue }),
    onFailure: plan.onFailure,
    ...(plan.compensation === null ? {} : { compensate: buildCompensation(plan.compensation, roots) }),
    ...(plan.onFailure === "FALLBACK" ? { fallback: fallbackOf(plan.flavour, keys) } : {}),
  };
}

/** What the task's templates may name: of its items, where there are any. */
export function rootsOf({ expansion }: TaskPlan, before: Before): string[] {
  const outer = before.variables.length > 0 ? [...before.variables, "$index", "$item"] : [];
  return [...(expansion ? variablesIn(expansion) : []), ...outer, ...before.keys.map((key) => reference(key))];
}

function addressOf(task: { group: string; name: string }, ownGroup: string): string {
  return task.group === ownGroup ? task.name : `${task.group}.${task.name}`;
}

interface ResultKeys { resultKeys?: string[]; optionalResultKeys: string[]; fields: string[] }

/** Half of the tasks write their own name. `fields` are those that a result needs, or may have. Inside an expanded group a key with a reducer is never optional. */
export function resultKeys(plan: TaskPlan, at: number, { isInside, shadow }: { isInside?: boolean; shadow?: Shadow | undefined }): ResultKeys {
  const one = `clé ${at}`;
  if (shadow) return shadow.optional ? { resultKeys: [one], optionalResultKeys: [shadow.key], fields: [one, shadow.key] } : { resultKeys: [shadow.key], optionalResultKeys: [], fields: [] };
  const two = sharedKey(plan) ?? `k${at}`;
  if (sharedKey(plan) !== undefined && plan.keys < 6) return { resultKeys: [two], optionalResultKeys: [], fields: [] };
  switch (isInside && sharedKey(plan) !== undefined ? 6 : plan.keys) {
    case 5: return { resultKeys: [one], optionalResultKeys: [], fields: [] };
    case 6: return { resultKeys: [one, two], optionalResultKeys: [], fields: [one, two] };
    case 7: return { resultKeys: [one], optionalResultKeys: [two], fields: [one, two] };
    case 8: return { optionalResultKeys: [two], fields: [two] };
    case 9: return two === `k${at}` && at % 2 === 0 ? { resultKeys: [], optionalResultKeys: [], fields: [] } : { resultKeys: [], optionalResultKeys: [two], fields: [two] };
    default: return { optionalResultKeys: [], fields: [] };
  }
}

function handlerInput(plan: TaskPlan, keys: ResultKeys, roots: readonly string[], expansion: ExpansionDefinition | undefined): JsonValue {
  const value = resultTemplate(plan, keys, roots);
  const { flavour } = plan;
  const perItem = expansion !== undefined && flavour % 2 === 0;
  switch (expansion?.batchSize === undefined ? pick(HANDLERS, plan.handler) : "echo") {
    case "transform": return { expression: keys.fields.length > 0 ? "$" : pick(TRANSFORMS, flavour), data: value };
    case "echo": return { value, failures: perItem ? `{{ $index % ${(flavour % 3) + 1} }}` : flavour < 16 ? 0 : flavour % 3, turns: flavour % 4 };
    case "fail": return {
      code: pick(CODES, flavour), message: plan.secret === null ? "as asked" : secretPlaceholder(plan.secret), retryable: flavour % 5 !== 0, result: value,
      untilAttempt: perItem ? "{{ $index % 3 = 1 ? 9 : 1 }}" : (flavour % 4) + 1,
    };
    case "delay": return { duration: `${flavour % 4}ms` };
    default: return value;
  }
}

const VALIDATIONS = ["$type($result) != 'number'", "$exists($result)", "$result", "$attempt > 1", "$not($result = 'text')", "$type($result) = 'number' or n < 9"];

const TRANSFORMS = ["$", "$", "$", "[$]", "$count($)", "$string($)", "nothing", "$.id", "$ + 1"];

/** One reference gives its value, several an object, none a value of its own; results with fields have them, most of the time. */
function resultTemplate({ refs, flavour, secret }: TaskPlan, { fields }: ResultKeys, roots: readonly string[]): JsonValue {
  const ofKeys = refs.map((ref: RefPlan) => placeholderOver(pick(roots, ref.root), ref.form));
  const parts = secret === null ? ofKeys : [secretPlaceholder(secret), ...ofKeys].slice(0, 3);
  if (fields.length > 0) {
    const given = flavour % 6 === 5 ? fields.slice(0, -1) : fields;
    return Object.fromEntries(given.map((field, i) => [field, parts[i] ?? pick(odd, flavour)]));
  }
  if (parts.length === 0) return pick(odd, flavour);
  return parts.length === 1 ? (parts[0] as JsonValue) : Object.fromEntries(parts.map((part, i) => [["id", "x", "ß"][i] as string, part]));
}

function condition({ form, key }: { form: number; key: number }, { keys, variables }: Before): string {
  const root = reference(pick([...keys, ...variables], key));
  const forms = ["true", "flag", "n < 4", `$exists(${root})`, root, `${root} ?? false`, `$count(${root}) > 1`, "false"];
  return pick(forms, form);
}

function retryOf({ maxAttempts, delayMs, final }: { maxAttempts: number; delayMs: number; final: boolean }): RetryDefinition {
  return { maxAttempts, initialDelayMs: delayMs, factor: 1, maxDelayMs: 5, jitter: false, nonRetryable: final ? ["BAD"] : [] };
}

function fallbackOf(flavour: number, { fields }: ResultKeys): JsonValue {
  const was = { was: "{{ $error.code }}", n: expressionPlaceholder("n") };
  if (fields.length === 0) return flavour % 7 === 6 ? "{{ obj.nowhere }}" : was;
  return Object.fromEntries((flavour % 7 === 6 ? fields.slice(1) : fields).map((field) => [field, was]));
}

function expressionPlaceholder(root: string): string {
  return `{{ ${expressionOver(root, 0)} }}`;
}
