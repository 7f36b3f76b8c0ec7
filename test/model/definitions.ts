/**
 * Arbitrary workflows that are valid by construction. fast-check makes plans (small numbers and lists of them, which shrink
 * well), and `buildCase` turns each into a definition and a context: a number that names a key, say, counts among those there are.
 */

import fc from "fast-check";
import type { ExpansionDefinition, Reducer, ReducerDefinition, RetryDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { groupLimitsPlan, withLimits, type GroupLimits } from "./groupLimits.js";
import { buildCompensation, compensationPlan } from "./compensations.js";
import { buildExpansion, expansionPlan, variablesIn } from "./expansions.js";
import { exportPlan, withExports } from "./sessions.js";
import { SCHEMAS } from "./schemas.js";
import { expressionOver, odd, oddValue, placeholderOver, reference, refPlan, seldom, type RefPlan } from "./values.js";

export interface Case {
  definition: WorkflowDefinition;
  context: JsonObject;
}

const HANDLERS = ["transform", "echo", "transform", "fail", "echo", "transform", "delay", "log"] as const;
/** Besides the default one; the workers of the model serve both. */
export const SIDE_QUEUE = "side";
const GROUPS = ["g", "h", "group-2"];
/** Keys that several tasks may write; `total` and `all` stand in the context as well. */
const SHARED = ["shared", "sum", "total", "all"];
const REDUCERS: readonly Reducer[] = ["APPEND", "APPEND", "LAST", "FIRST", "CONCAT", "MERGE", "SUM", "MAX", "MIN"];
const CODES = ["BAD", "ODD"];

const taskPlan = fc.record({
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
});
type TaskPlan = typeof taskPlan extends fc.Arbitrary<infer T> ? T : never;

const contextPlan = fc.record({
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

export const workflowCase: fc.Arbitrary<Case> = fc.record({
  context: contextPlan,
  tasks: fc.array(taskPlan, { minLength: 1, maxLength: 12, size: "max" }),
  groupDependencies: fc.array(fc.record({ group: fc.nat(2), key: fc.nat(60) }), { maxLength: 2 }),
  failFast: fc.nat(11).map((n) => n === 11),
  nesting: fc.nat(3),
  limits: fc.array(groupLimitsPlan, { minLength: 3, maxLength: 3 }),
  reducers: fc.array(fc.constantFrom(...REDUCERS), { minLength: SHARED.length, maxLength: SHARED.length }),
  exports: seldom(2, exportPlan),
}).map(({ exports, ...plan }) => withExports(buildCase(plan), exports));

/** What a task may use: the tasks made before it, and the keys that stand before it. */
interface Before {
  tasks: { group: string; name: string }[];
  keys: string[];
  lists: string[];
}

/** Which groups stand around each: how deep the three are nested in one another. */
function aroundOf(nesting: number): Record<string, string[]> {
  return { g: [], h: nesting >= 2 ? ["g"] : [], "group-2": nesting === 3 ? ["g", "h"] : [] };
}

function buildCase({ context, tasks, groupDependencies, failFast, nesting, limits, reducers: choices }: {
  context: JsonObject; tasks: TaskPlan[]; groupDependencies: { group: number; key: number }[]; failFast: boolean; nesting: number; limits: GroupLimits[]; reducers: Reducer[];
}): Case {
  const groups = new Map<string, TaskGroupDefinition>();
  const before: Before = { tasks: [], keys: Object.keys(context), lists: ["xs", "ys", "rows"] };
  const keysBefore = new Map<string, string[]>();
  const around = aroundOf(nesting);
  const reducers = reducersOf(tasks, choices);
  // Whoever reads a key comes after all its writers: those that nobody reads before the last one is there.
  before.keys = before.keys.filter((key) => !reducers.some((reduced) => reduced.key === key));
  tasks.forEach((plan, at) => {
    const groupName = GROUPS[plan.group] as string;
    const chain = [...(around[groupName] as string[]), groupName];
    for (const name of chain) {
      if (!groups.has(name)) groups.set(name, { name, tasks: [], dependencies: [] });
      if (!keysBefore.has(name)) keysBefore.set(name, [...before.keys]);
    }
    const group = groups.get(groupName) as TaskGroupDefinition;
    const address = chain.join(".");
    const task = buildTask(plan, at, group, address, before);
    group.tasks.push(task);
    before.tasks.push({ group: address, name: task.name });
    const last = (key: string): boolean => tasks.findLastIndex((other) => sharedKey(other) === key) === at;
    before.keys.push(...[...(task.resultKeys ?? [task.name]), ...task.optionalResultKeys].filter((key) => !SHARED.includes(key) || last(key)));
    if (task.expansion && task.expansion.outputFormat === "MERGE") before.lists.push(...(task.resultKeys ?? [task.name]).filter((key) => !SHARED.includes(key) || last(key)));
  });
  for (const { group: at, key } of groupDependencies) {
    const name = GROUPS[at] as string;
    const keys = keysBefore.get(name) ?? [];
    if (keys.length > 0) groups.get(name)?.dependencies.push(pick(keys, key));
  }
  // Groups stand in the order of their names, so that tasks may read what is declared after them.
  const inside = (name: string | undefined): TaskGroupDefinition[] => GROUPS.filter((other) => around[other]?.at(-1) === name).flatMap((other) => {
    const declared = groups.get(other);
    if (!declared) return [];
    const group = withLimits(declared, limits[GROUPS.indexOf(other)] as GroupLimits);
    const nested = inside(other);
    return [nested.length > 0 ? { ...group, groups: nested } : group];
  });
  const ordered = inside(undefined);
  const definition: WorkflowDefinition = { name: "model", groups: ordered, onFailure: failFast ? "FAIL_FAST" : "CONTINUE", reducers };
  return JSON.parse(JSON.stringify({ definition, context })) as Case;
}

function sharedKey({ shared }: TaskPlan): string | undefined {
  return shared === null ? undefined : pick(SHARED, shared);
}

/** `total` is a number and `all` a list from the start, which not every reducer can start from. */
function reducersOf(tasks: readonly TaskPlan[], choices: readonly Reducer[]): ReducerDefinition[] {
  return SHARED.flatMap((key, at): ReducerDefinition[] => {
    if (!tasks.some((plan) => sharedKey(plan) === key)) return [];
    const reducer = choices[at] as Reducer;
    if (key === "total" && ["APPEND", "CONCAT", "MERGE"].includes(reducer)) return [{ key, reducer: "SUM" }];
    if (key === "all" && ["MERGE", "SUM", "MAX", "MIN"].includes(reducer)) return [{ key, reducer: "CONCAT" }];
    return [{ key, reducer }];
  });
}

function pick<T>(from: readonly T[], at: number): T {
  return from[at % from.length] as T;
}

function buildTask(plan: TaskPlan, at: number, group: TaskGroupDefinition, address: string, before: Before): TaskDefinition {
  const keys = resultKeys(plan, at);
  // The same name in several groups: `after` has to find the right one.
  const name = keys.resultKeys && !group.tasks.some((task) => task.name === "same") ? "same" : `t${at}`;
  const variables = plan.expansion ? variablesIn(plan.expansion) : [];
  const roots = [...variables, ...before.keys.map((key) => reference(key))];
  const expansion = plan.expansion === null ? undefined : buildExpansion(plan.expansion, before.lists, before.keys);
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

function addressOf(task: { group: string; name: string }, ownGroup: string): string {
  return task.group === ownGroup ? task.name : `${task.group}.${task.name}`;
}

interface ResultKeys { resultKeys?: string[]; optionalResultKeys: string[]; fields: string[] }

/** Half of the tasks write their own name. `fields` are those that a result needs, or may have. */
function resultKeys(plan: TaskPlan, at: number): ResultKeys {
  const one = `clé ${at}`;
  const two = sharedKey(plan) ?? `k${at}`;
  if (sharedKey(plan) !== undefined && plan.keys < 6) return { resultKeys: [two], optionalResultKeys: [], fields: [] };
  switch (plan.keys) {
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
      code: pick(CODES, flavour), message: "as asked", retryable: flavour % 5 !== 0, result: value,
      untilAttempt: perItem ? "{{ $index % 3 = 1 ? 9 : 1 }}" : (flavour % 4) + 1,
    };
    case "delay": return { duration: `${flavour % 4}ms` };
    default: return value;
  }
}

const VALIDATIONS = ["$type($result) != 'number'", "$exists($result)", "$result", "$attempt > 1", "$not($result = 'text')", "$type($result) = 'number' or n < 9"];

const TRANSFORMS = ["$", "$", "$", "[$]", "$count($)", "$string($)", "nothing", "$.id", "$ + 1"];

/** One reference gives its value, several an object, none a value of its own; results with fields have them, most of the time. */
function resultTemplate({ refs, flavour }: TaskPlan, { fields }: ResultKeys, roots: readonly string[]): JsonValue {
  const parts = refs.map((ref: RefPlan) => placeholderOver(pick(roots, ref.root), ref.form));
  if (fields.length > 0) {
    const given = flavour % 6 === 5 ? fields.slice(0, -1) : fields;
    return Object.fromEntries(given.map((field, i) => [field, parts[i] ?? pick(odd, flavour)]));
  }
  if (parts.length === 0) return pick(odd, flavour);
  return parts.length === 1 ? (parts[0] as JsonValue) : Object.fromEntries(parts.map((part, i) => [["id", "x", "ß"][i] as string, part]));
}

function condition({ form, key }: { form: number; key: number }, { keys }: Before): string {
  const root = reference(pick(keys, key));
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
