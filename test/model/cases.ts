/**
 * Arbitrary workflows that are valid by construction. fast-check makes plans (small numbers and lists of them, which shrink
 * well), and `buildCase` turns each into a definition and a context: a number that names a key, say, counts among those there are.
 */

import fc from "fast-check";
import type { SignalAnswer } from "../../src/engine/signals.js";
import type { ExpansionDefinition, Reducer, ReducerDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { asWait, waitsOf, type WaitsPlan } from "./answers.js";
import { asCall, callsOf, childrenPlan, definitionsOf, NO_CHILDREN, type Call, type ChildrenPlan } from "./children.js";
import { buildTask, contextPlan, GROUPS, resultKeys, rootsOf, SHARED, sharedKey, taskPlan, type TaskPlan } from "./definitions.js";
import {
  buildGroupExpansion, expandedPlan, exportedKeys, exportsAll, groupVariables, NOT_EXPANDED, shadowsOf, withReduce, type ExpandedPlan, type GroupPlan, type Shadow,
} from "./expandedGroups.js";
import { groupLimitsPlan, withLimits, type GroupLimits } from "./groupLimits.js";
import { Levels, TOP } from "./levels.js";
import { maybeOutside, withOutside, type Outside, type OutsidePlan } from "./outside.js";
import { exportPlan, withExports } from "./sessions.js";
import { pick, seldom } from "./values.js";

export interface Case {
  definition: WorkflowDefinition;
  context: JsonObject;
  /** What its tasks have run as sub-workflows: definitions to be registered before, the versions of a name in their order. */
  children?: WorkflowDefinition[];
  /** What comes while it runs: without it, nothing does. */
  outside?: Outside;
}

const REDUCERS: readonly Reducer[] = ["APPEND", "APPEND", "LAST", "FIRST", "CONCAT", "MERGE", "SUM", "MAX", "MIN"];

const flatPlan = {
  context: contextPlan,
  tasks: fc.array(taskPlan, { minLength: 1, maxLength: 12, size: "max" }),
  groupDependencies: fc.array(fc.record({ group: fc.nat(2), key: fc.nat(60) }), { maxLength: 2 }),
  failFast: fc.nat(11).map((n) => n === 11),
  nesting: fc.nat(3),
  limits: fc.array(groupLimitsPlan, { minLength: GROUPS.length, maxLength: GROUPS.length }),
  reducers: fc.array(fc.constantFrom(...REDUCERS), { minLength: SHARED.length, maxLength: SHARED.length }),
  exports: seldom(2, exportPlan),
  outside: maybeOutside,
};

/** @param expandedGroups 0 to 1: how many of the workflows may have expanded groups @param subWorkflows how many run others */
export function workflowCases({ expandedGroups, subWorkflows }: { expandedGroups: number; subWorkflows: number }): fc.Arbitrary<Case> {
  const flat = fc.record(flatPlan).map((plan) => buildWhole({ ...plan, expanded: NOT_EXPANDED, children: NO_CHILDREN }));
  const scoped = fc.record({ ...flatPlan, expanded: expandedPlan }).map((plan) => buildWhole({ ...plan, children: NO_CHILDREN }));
  const alone = mixed(flat, scoped, expandedGroups);
  const parents = parentPlan(expandedGroups).map(buildWhole);
  return mixed(alone, parents, subWorkflows);
}

/** Nobody outside knows of sub-workflows, so they are built without what is only of the whole. */
function buildWhole({ exports, ...plan }: WholePlan): Case {
  const groups = new CaseGroups(plan, callsOf(plan.children, plan.tasks.length, buildCase), plan.outside?.waits);
  const whole = withExports(build(plan, groups), exports);
  return withOutside(whole, plan.outside, groups.answers);
}

/** With a share of 0 the first alone, seed by seed. */
function mixed<T>(one: fc.Arbitrary<T>, other: fc.Arbitrary<T>, share: number): fc.Arbitrary<T> {
  const weight = Math.round(share * 100);
  return share === 0 ? one : fc.oneof({ weight: 100 - weight, arbitrary: one }, { weight, arbitrary: other });
}

/** With fewer tasks than others, for what runs below them; sub-workflows are small, and some of them run another one. */
function parentPlan(expandedGroups: number): fc.Arbitrary<WholePlan> {
  const expanded = mixed(fc.constant(NOT_EXPANDED), expandedPlan, expandedGroups);
  const small = { ...flatPlan, tasks: fc.array(taskPlan, { minLength: 1, maxLength: 4 }), expanded };
  const grandchild = fc.record({ ...small, children: fc.constant(NO_CHILDREN) });
  const child = fc.record({ ...small, children: mixed<ChildrenPlan<CasePlan>>(fc.constant(NO_CHILDREN), childrenPlan<CasePlan>(grandchild, { families: 1, calls: 1 }), 0.3) });
  const tasks = fc.array(taskPlan, { minLength: 1, maxLength: 6, size: "max" });
  return fc.record({ ...flatPlan, tasks, expanded, children: childrenPlan<CasePlan>(child, { families: 2, calls: 3 }) });
}

export const workflowCase: fc.Arbitrary<Case> = workflowCases({
  expandedGroups: Number(process.env.FANWIRE_MODEL_EXPANDED_GROUPS ?? 0.25), subWorkflows: Number(process.env.FANWIRE_MODEL_SUB_WORKFLOWS ?? 0.2),
});

/** Which groups stand around each: how deep the three are nested in one another. */
function aroundOf(nesting: number): Record<string, string[]> {
  return { g: [], h: nesting >= 2 ? ["g"] : [], "group-2": nesting === 3 ? ["g", "h"] : [] };
}

interface CasePlan {
  context: JsonObject; tasks: TaskPlan[]; groupDependencies: { group: number; key: number }[]; failFast: boolean; nesting: number; limits: GroupLimits[]; reducers: Reducer[]; expanded: ExpandedPlan;
  children: ChildrenPlan<CasePlan>;
}
type WholePlan = CasePlan & { exports: number[] | null; outside: OutsidePlan | null };

function buildCase(plan: CasePlan): Case {
  return build(plan, new CaseGroups(plan, callsOf(plan.children, plan.tasks.length, buildCase)));
}

function build(plan: CasePlan, groups: CaseGroups): Case {
  const { context, tasks, failFast } = plan;
  const reducers = reducersOf(tasks, plan.reducers);
  const { calls } = groups;
  tasks.forEach((task, at) => groups.add(task, at));
  const definition: WorkflowDefinition = { name: "model", groups: groups.definitions(plan.groupDependencies), onFailure: failFast ? "FAIL_FAST" : "CONTINUE", reducers };
  return JSON.parse(JSON.stringify({ definition, context, ...(calls.size > 0 ? { children: definitionsOf(calls.values()) } : {}) })) as Case;
}

/** Puts task after task into the groups of a case. */
class CaseGroups {
  readonly #around: Record<string, string[]>;
  readonly #groups = new Map<string, TaskGroupDefinition>();
  readonly #keysBefore = new Map<string, string[]>();
  /** Keys that are written in the scope of an expanded group. */
  readonly #written = new Map<string, string[]>();
  readonly #levels: Levels;
  readonly #expanded: ReadonlyMap<string, GroupPlan>;
  readonly #shadows: ReadonlyMap<number, Shadow>;
  readonly #limits: readonly GroupLimits[];
  readonly #waits: ReturnType<typeof waitsOf>;
  /** Of the tasks so far. */
  readonly answers: Record<string, SignalAnswer[]> = {};

  constructor({ tasks, context, nesting, limits, expanded }: CasePlan, readonly calls: ReadonlyMap<number, Call>, waits: WaitsPlan = []) {
    this.#limits = limits;
    this.#waits = waitsOf(waits, tasks.length);
    this.#around = aroundOf(nesting);
    this.#expanded = new Map(GROUPS.flatMap((name, at) => (expanded.groups[at] ? [[name, expanded.groups[at]]] : [])));
    const shape = { around: this.#around, groupOf: tasks.map(({ group }) => GROUPS[group] as string), expanded: new Map([...this.#expanded].map(([name, group]) => [name, groupVariables(group)])) };
    const keys = Object.keys(context);
    this.#levels = new Levels(shape, keys, ["xs", "ys", "rows"]);
    const plain = tasks.map((task, at) => (resultKeys(task, at, {}).resultKeys ? undefined : `t${at}`));
    this.#shadows = shadowsOf(expanded, this.#levels, (at) => tasks[at] !== undefined && sharedKey(tasks[at]) === undefined, plain);
    this.#announce(tasks);
    // Whoever reads a key comes after all its writers: those that nobody reads before the last one is there.
    const late = this.#levels.announced(TOP);
    keys.splice(0, keys.length, ...keys.filter((key) => !late.has(key)));
  }

  #announce(tasks: readonly TaskPlan[]): void {
    tasks.forEach((task, at) => {
      const key = sharedKey(task);
      if (key !== undefined) this.#levels.announce(this.#levels.ofGroup(GROUPS[task.group] as string), key, at);
    });
    for (const name of GROUPS.toReversed()) {
      const group = this.#expanded.get(name);
      if (!group || this.#levels.lastIn(name) < 0 || !exportsAll(group, this.#hides(name))) continue;
      for (const key of this.#levels.announced(name).keys()) this.#levels.announce(this.#levels.around(name), key, this.#levels.lastIn(name));
    }
  }

  /** Whether the group writes keys that it must keep to itself. */
  #hides(name: string): boolean {
    return [...this.#levels.announced(name).keys()].some((key) => !SHARED.includes(key));
  }

  add(plan: TaskPlan, at: number): void {
    const groupName = GROUPS[plan.group] as string;
    const chain = [...(this.#around[groupName] as string[]), groupName];
    for (const name of chain) this.#open(name, at);
    const group = this.#groups.get(groupName) as TaskGroupDefinition;
    const address = chain.join(".");
    const level = this.#levels.ofGroup(groupName);
    const keys = resultKeys(plan, at, { isInside: level !== TOP, shadow: this.#shadows.get(at) });
    const before = this.#levels.before(level, at);
    const built = buildTask(plan, at, group, address, before, keys);
    if (this.#limitsOf(groupName).onFailure === "FAIL_FAST") built.optionalDependencies.push(...failingBefore(group, before.keys));
    const task = this.#special(built, at, address, rootsOf(plan, before), keys.fields);
    group.tasks.push(task);
    this.#levels.addTask(at, groupName, address, task.name);
    const required = task.resultKeys ?? [task.name];
    this.#addKeys(level, at, [...required, ...task.optionalResultKeys], task.expansion?.outputFormat === "MERGE" ? required : []);
    for (const name of GROUPS.toReversed()) if (this.#expanded.has(name) && this.#levels.lastIn(name) === at) this.#close(name, at);
  }

  /** A task that runs a sub-workflow, or waits for an answer, where it is one. */
  #special(built: TaskDefinition, at: number, address: string, roots: readonly string[], fields: readonly string[]): TaskDefinition {
    const call = this.calls.get(at);
    if (call) return asCall(built, call, roots, fields);
    const wait = this.#waits.get(at);
    if (!wait) return built;
    const { task, answers } = asWait(built, wait, fields);
    if (answers) this.answers[`${address}.${task.name}`] = answers;
    return task;
  }

  #limitsOf(name: string): GroupLimits {
    return this.#limits[GROUPS.indexOf(name)] as GroupLimits;
  }

  #open(name: string, at: number): void {
    if (this.#groups.has(name)) return;
    const before = this.#levels.before(this.#levels.around(name), at);
    const expanded = this.#expanded.get(name);
    this.#groups.set(name, { name, tasks: [], dependencies: [], ...(expanded ? { expansion: buildGroupExpansion(expanded, before) } : {}) });
    this.#keysBefore.set(name, before.keys);
  }

  /** The last task is in the expanded group: what it exports is known, and from now on there for those around it. */
  #close(name: string, at: number): void {
    const [group, plan] = [this.#groups.get(name) as TaskGroupDefinition, this.#expanded.get(name) as GroupPlan];
    const written = [...new Set(this.#written.get(name) ?? [])];
    const own = new Set([...this.#levels.announced(name).keys(), ...SHARED]);
    const keys = exportsAll(plan, this.#hides(name)) ? undefined : exportedKeys(plan, written, own);
    if (keys) group.resultKeys = keys;
    group.expansion = withReduce(plan, group.expansion as ExpansionDefinition, keys ?? written);
    this.#addKeys(this.#levels.around(name), at, keys ?? written, group.expansion.outputFormat === "MERGE" ? keys ?? written : []);
  }

  #addKeys(level: string, at: number, keys: readonly string[], lists: readonly string[]): void {
    this.#written.set(level, [...(this.#written.get(level) ?? []), ...keys]);
    this.#levels.add(level, at, keys, lists);
  }

  definitions(dependencies: CasePlan["groupDependencies"]): TaskGroupDefinition[] {
    for (const { group: at, key } of dependencies) {
      const name = GROUPS[at] as string;
      const keys = this.#keysBefore.get(name) ?? [];
      if (keys.length > 0) this.#groups.get(name)?.dependencies.push(pick(keys, key));
    }
    return this.#inside(undefined);
  }

  /** Groups stand in the order of their names, so that tasks may read what is declared after them. */
  #inside(name: string | undefined): TaskGroupDefinition[] {
    return GROUPS.filter((other) => this.#around[other]?.at(-1) === name).flatMap((other) => {
      const declared = this.#groups.get(other);
      if (!declared) return [];
      const group = withLimits(declared, this.#limitsOf(other));
      const nested = this.#inside(other);
      return [nested.length > 0 ? { ...group, groups: nested } : group];
    });
  }
}

/** The key of a task that may fail, if there is one: who waits for it, and could do without it, is sure to be cancelled when it does. */
function failingBefore({ tasks }: TaskGroupDefinition, keys: readonly string[]): string[] {
  const last = tasks.findLast(({ onFailure, handler }) => onFailure === "FAIL" && handler !== "log");
  return last ? [...(last.resultKeys ?? [last.name]), ...last.optionalResultKeys].filter((key) => keys.includes(key)).slice(0, 1) : [];
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
