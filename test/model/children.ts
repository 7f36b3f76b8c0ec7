/** Arbitrary sub-workflows: families of small definitions to be registered, and the tasks that run one of them with a context of what they can see. */

import { createHash } from "node:crypto";
import fc from "fast-check";
import { declaredGroups } from "../../src/workflow/declaredGroups.js";
import type { TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { withoutBatches } from "./answers.js";
import type { Case } from "./cases.js";
import { CONTEXT_SCHEMAS } from "./schemas.js";
import { keysOf } from "./sessions.js";
import { pick, placeholderOver, refPlan, seldom } from "./values.js";

/** P is how the workflow itself is planned. */
interface FamilyPlan<P> {
  versions: { plan: P; gate: number; schema: number | null }[];
}

const callPlan = fc.record({
  /** Early ones are seldom skipped because of others. */
  task: fc.nat(3),
  family: fc.nat(3),
  /** 0 to 5: the latest. */
  version: fc.nat(8),
  parts: fc.array(fc.record({ key: fc.nat(8), ref: refPlan }), { maxLength: 3 }),
  door: fc.nat(4),
  /** Its items run one family and the other in turn. */
  turns: fc.nat(4).map((n) => n === 4),
  /** 4: it does not run the other one, but is undone by it. 5: both. */
  role: fc.nat(5),
  /** A key that is left out. */
  lacking: seldom(11, fc.nat(60)),
  /** The whole context is one value of the parent's. */
  whole: seldom(15, fc.nat(60)),
});
type CallPlan = typeof callPlan extends fc.Arbitrary<infer T> ? T : never;

export interface ChildrenPlan<P> { families: FamilyPlan<P>[]; calls: CallPlan[] }
export const NO_CHILDREN: ChildrenPlan<never> = { families: [], calls: [] };

export function childrenPlan<P>(plan: fc.Arbitrary<P>, most: { families: number; calls: number }): fc.Arbitrary<ChildrenPlan<P>> {
  const version = fc.record({ plan, gate: fc.nat(2), schema: seldom(4, fc.nat(CONTEXT_SCHEMAS.length - 1)) });
  const family = fc.record({ versions: fc.array(version, { minLength: 1, maxLength: 2, size: "xsmall" }) });
  return fc.record({
    families: fc.array(family, { minLength: 1, maxLength: most.families }), calls: fc.array(callPlan, { minLength: 1, maxLength: most.calls }),
  });
}

/** Versions of one definition. Its name is made of what they say, so that to register it once more changes nothing. */
interface Family {
  name: string;
  versions: Case[];
}

/** What a task runs, or, in turn with another family, what its items do. */
export interface Call {
  plan: CallPlan;
  family: Family;
  other: Family | undefined;
}

/** By the position of the task; families that nobody runs are left out. @param tasks how many there are */
export function callsOf<P>({ families: plans, calls }: ChildrenPlan<P>, tasks: number, build: (plan: P) => Case): Map<number, Call> {
  const families = plans.map((plan) => buildFamily(plan, build));
  const at = (index: number): Family => families[index % families.length] as Family;
  return new Map(calls.map((plan) => [plan.task % tasks, { plan, family: at(plan.family), other: plan.turns && families.length > 1 ? at(plan.family + 1) : undefined }]));
}

/** In the order in which they can be registered; equal versions are one. */
export function definitionsOf(calls: Iterable<Call>): WorkflowDefinition[] {
  const versions = [...calls].flatMap(({ family, other }) => [...family.versions, ...(other?.versions ?? [])]);
  const unique = new Map(versions.flatMap(({ definition, children = [] }) => [...children, definition]).map((definition) => [JSON.stringify(definition), definition]));
  return [...unique.values()];
}

function buildFamily<P>({ versions }: FamilyPlan<P>, build: (plan: P) => Case): Family {
  const cases = versions.map(({ plan, gate, schema }) => gated(build(plan), gate === 0, schema));
  const name = `child-${createHash("sha256").update(JSON.stringify(cases)).digest("hex").slice(0, 16)}`;
  return { name, versions: cases.map((item) => ({ ...item, definition: { ...item.definition, name } })) };
}

/** Fails unless its key says otherwise: the second attempt of the task that runs it, say. */
const GATE: TaskGroupDefinition = {
  name: "gate",
  tasks: [{
    name: "gate", handler: "fail", input: { code: "SHUT", message: "as asked", retryable: false, untilAttempt: "{{ door > 1 ? 1 : 9 }}" },
    dependencies: [], optionalDependencies: [], after: [], resultKeys: [], optionalResultKeys: [], onFailure: "FAIL",
  }],
  dependencies: [],
};

function gated(item: Case, isGated: boolean, schema: number | null): Case {
  const { definition, context } = item;
  return {
    ...item,
    definition: { ...definition, ...(isGated ? { groups: [GATE, ...definition.groups] } : {}), ...(schema === null ? {} : { contextSchema: CONTEXT_SCHEMAS[schema] as JsonValue }) },
    context: isGated ? { ...context, door: 2 } : context,
  };
}

/** The task as one that runs a sub-workflow. @param roots what its templates may name @param fields that its result needs */
export function asCall(planned: TaskDefinition, call: Call, roots: readonly string[], fields: readonly string[]): TaskDefinition {
  const { plan, family, other } = call;
  const task = plan.role < 4 ? planned : { ...planned, compensate: { handler: "workflow", input: { definitionName: family.name, context: undoingContext(family, plan.door) } } };
  if (plan.role === 4) return task;
  const isItem = roots.includes("$index");
  const definitionName = isItem && other ? `{{ $index % 2 = 0 ? "${family.name}" : "${other.name}" }}` : family.name;
  const called = { ...task, handler: "workflow", input: { definitionName, ...versionOf(plan), context: contextFor(call, roots, fields, isItem) } };
  return task.expansion ? { ...called, expansion: withoutBatches(task.expansion) } : called;
}

/** Whether tasks of it run sub-workflows. */
export function runsOthers(definition: WorkflowDefinition): boolean {
  return declaredGroups(definition).some(({ group }) => group.tasks.some(({ handler, compensate }) => handler === "workflow" || compensate?.handler === "workflow"));
}

/** As a compensation that runs no other workflow it hands back what it undoes, and why. */
function undoingContext({ versions }: Family, door: number): JsonObject {
  const { context } = versions.at(-1) as Case;
  return { ...context, ...(Object.hasOwn(context, "door") ? { door: pick<JsonValue>(["{{ $attempt }}", 2], door) } : {}), undone: "{{ $result }}", because: "{{ $error.code & ' of ' & $error.task }}" };
}

/** Now and then one that there may not be. */
function versionOf({ version }: CallPlan): { version?: JsonValue } {
  const versions: JsonValue[] = [1, 2, "{{ 1 }}"];
  return version < 6 ? {} : { version: versions[version - 6] as JsonValue };
}

/** The context that the definition was made with, a part of it given by the parent; and what the child hands back as it came. */
function contextFor({ plan, family }: Call, roots: readonly string[], fields: readonly string[], isItem: boolean): JsonValue {
  if (plan.whole !== null) return `{{ ${pick(roots, plan.whole)} }}`;
  const { definition, context } = family.versions.at(-1) as Case;
  const written = new Set(definition.groups.flatMap(keysOf));
  const given: JsonObject = { ...context };
  for (const { key, ref } of plan.parts) {
    const name = pick(["n", "flag", "xs", "a b", "obj", "rows", "ключ-1 🙂", "ys", "total"], key);
    given[name] = valueFor(name, pick(roots, ref.root), ref.form);
  }
  fields.filter((field) => !written.has(field)).forEach((field, at) => { given[field] = `{{ ${pick(roots, at)} }}`; });
  if (Object.hasOwn(given, "door")) given.door = pick<JsonValue>(["{{ $attempt }}", 2, isItem ? "{{ $index + 1 }}" : "{{ $attempt }}", 1, 2], plan.door);
  if (plan.lacking !== null) delete given[pick(Object.keys(given), plan.lacking)];
  return given;
}

/** Lists are lists, most of the time. */
function valueFor(name: string, root: string, form: number): string {
  if (form < 9 && ["xs", "ys", "rows"].includes(name)) return `{{ [${root}] }}`;
  return name === "total" ? `{{ $count(${root}) }}` : placeholderOver(root, form);
}
