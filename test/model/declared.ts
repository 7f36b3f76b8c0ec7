/** A definition as the reference sees it: scopes with the tasks and expanded groups that stand in them, and what each reads and writes. */

import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { compileExpression } from "../../src/workflow/expressions/expression.js";
import { compileTemplate } from "../../src/workflow/expressions/template.js";
import type { Reads } from "../../src/workflow/expressions/types.js";
import type { JsonObject } from "../../src/workflow/json.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { variablesOf } from "../../src/workflow/TaskExpansion.js";

/** What the workflow's own context, or the child scope of each instance of an expanded group, is made for. */
export interface ScopeDecl {
  /** Undefined: the workflow's. */
  group?: GroupDecl;
  /** In the order of the definition; the tasks of plain groups stand in the scope around these. */
  nodes: NodeDecl[];
  writersOf: Map<string, NodeDecl[]>;
}

interface DeclaredNode extends NodeReads {
  scope: ScopeDecl;
  /** With all groups around it, and without identifiers. */
  address: string;
  groupAddress: string;
  keys: string[];
  optionalKeys: string[];
}
export interface TaskDecl extends DeclaredNode {
  kind: "TASK";
  task: TaskDefinition;
  /** What it runs after: the task itself, or the expanded group around it that does not stand around this one too. */
  after: NodeDecl[];
}
export interface GroupDecl extends DeclaredNode {
  kind: "GROUP";
  group: TaskGroupDefinition;
  expansion: ExpansionDefinition;
  inner: ScopeDecl;
}
export type NodeDecl = TaskDecl | GroupDecl;

interface NodeReads {
  required: Set<string>;
  /** Names that may be variables of its items: required only where somebody writes them. */
  maybe: Set<string>;
  /** All that it waits for; of an expanded group also what is read inside it from outside. */
  readable: Set<string>;
}

export function declareWorkflow(definition: WorkflowDefinition): ScopeDecl {
  const scope = emptyScope();
  fill(scope, definition.groups, "", []);
  const tasks = tasksIn(scope);
  for (const reader of tasks) {
    const find = (address: string): TaskDecl | undefined => tasks.find((other) => other.address === address);
    reader.after = reader.task.after.map((name) => seenFrom(reader.scope, (find(`${reader.groupAddress}.${name}`) ?? find(name)) as TaskDecl));
  }
  return scope;
}

/** Everything that a node runs after, whatever its keys; of a group what any task inside runs after. */
export function aftersOf(node: NodeDecl): NodeDecl[] {
  return node.kind === "TASK" ? node.after : node.inner.nodes.flatMap(aftersOf);
}

/** The part of a plan's node that tells which key takes which part of a result. */
export function nodeOf(declared: NodeDecl): PlanNode {
  const { address, keys, optionalKeys } = declared;
  const [task, expansion] = declared.kind === "TASK" ? [declared.task, declared.task.expansion] : [{ resultKeys: keys }, declared.expansion];
  return { address, task, keys, optionalKeys, expansion } as unknown as PlanNode;
}

/** Names that every item has; those of a custom expansion and of a matrix's include are in some only. */
export function sureVariables(expansion: ExpansionDefinition): string[] {
  return Object.keys(variablesOf(expansion));
}

export function mayHaveVariable(expansion: ExpansionDefinition, name: string): boolean {
  return expansion.custom !== undefined || (expansion.include ?? []).some((entry) => Object.hasOwn(entry as JsonObject, name));
}

function emptyScope(): ScopeDecl {
  return { nodes: [], writersOf: new Map() };
}

function add(scope: ScopeDecl, node: NodeDecl): void {
  scope.nodes.push(node);
  for (const key of [...node.keys, ...node.optionalKeys]) scope.writersOf.set(key, [...(scope.writersOf.get(key) ?? []), node]);
}

/** Groups with those inside them after them; what a plain group waits for, those inside it wait for too. */
function fill(scope: ScopeDecl, groups: readonly TaskGroupDefinition[], prefix: string, waitsFor: readonly string[]): void {
  for (const group of groups) {
    const address = `${prefix}${group.name}`;
    const dependencies = [...waitsFor, ...group.dependencies];
    if (group.expansion) add(scope, declareGroup(scope, group, group.expansion, address, dependencies));
    else fillWith(scope, group, address, dependencies);
  }
}

function fillWith(scope: ScopeDecl, group: TaskGroupDefinition, address: string, dependencies: readonly string[]): void {
  for (const task of group.tasks) add(scope, declareTask(scope, address, task, dependencies));
  fill(scope, group.groups ?? [], `${address}.`, dependencies);
}

/** The group as one node: what stands inside it neither sees its dependencies nor is seen by what stands around it. */
function declareGroup(scope: ScopeDecl, group: TaskGroupDefinition, expansion: ExpansionDefinition, address: string, dependencies: readonly string[]): GroupDecl {
  const inner = emptyScope();
  fillWith(inner, group, address, []);
  const reads = readsOf(dependencies, [], expansion, () => {});
  for (const name of inner.nodes.flatMap(({ readable }) => [...readable])) if (!isKnownInside(inner, expansion, name)) reads.readable.add(name);
  const written = [...new Set(inner.nodes.flatMap(({ keys, optionalKeys }) => [...keys, ...optionalKeys]))];
  const declared: GroupDecl = {
    kind: "GROUP", scope, address, groupAddress: address, group, expansion, inner, keys: group.resultKeys ?? written, optionalKeys: [], ...reads,
  };
  inner.group = declared;
  return declared;
}

function isKnownInside({ writersOf }: ScopeDecl, expansion: ExpansionDefinition, name: string): boolean {
  return writersOf.has(name) || sureVariables(expansion).includes(name);
}

function declareTask(scope: ScopeDecl, groupAddress: string, task: TaskDefinition, dependencies: readonly string[]): TaskDecl {
  const keys = task.resultKeys ?? [task.name];
  const reads = readsOf([...dependencies, ...task.dependencies], task.optionalDependencies, task.expansion, (ofTask, ofItem) => {
    if (task.when !== undefined) ofTask(compileExpression(task.when).reads);
    if (task.validate !== undefined) ofItem(compileExpression(task.validate).reads);
    ofItem(compileTemplate(task.input ?? null).reads);
    if (task.fallback !== undefined) ofTask(compileTemplate(task.fallback).reads);
  });
  return {
    kind: "TASK", scope, groupAddress, task, address: `${groupAddress}.${task.name}`, keys, optionalKeys: task.optionalResultKeys.filter((key) => !keys.includes(key)), after: [], ...reads,
  };
}

type Reader = (reads: Reads) => void;

/** @param more what else it reads: as the task, or as each item, where a name may be a variable */
function readsOf(
  dependencies: readonly string[], optionalDependencies: readonly string[], expansion: ExpansionDefinition | undefined, more: (ofTask: Reader, ofItem: Reader) => void,
): NodeReads {
  const [required, maybe, optional] = [new Set(dependencies), new Set<string>(), new Set(optionalDependencies)];
  const ofTask: Reader = (reads) => {
    for (const name of reads.required) (optionalDependencies.includes(name) ? optional : required).add(name);
    for (const name of reads.optional) optional.add(name);
  };
  const variables = expansion ? sureVariables(expansion) : [];
  const ofItem: Reader = ({ required: names, optional: others }) => {
    const free = names.filter((name) => !variables.includes(name));
    const isMaybe = (name: string): boolean => expansion !== undefined && mayHaveVariable(expansion, name) && !optionalDependencies.includes(name);
    for (const name of free.filter(isMaybe)) maybe.add(name);
    ofTask({ required: free.filter((name) => !isMaybe(name)), optional: others.filter((name) => !variables.includes(name)) });
  };
  more(ofTask, ofItem);
  if (expansion) expansionReads(expansion, ofTask, ofItem);
  return { required, maybe, readable: new Set([...required, ...maybe, ...optional]) };
}

/** The lists and `reduce` are evaluated where there is no item. */
function expansionReads(expansion: ExpansionDefinition, ofTask: Reader, ofItem: Reader): void {
  for (const value of Object.values(variablesOf(expansion))) if (typeof value === "string") ofTask(compileExpression(value).reads);
  if (expansion.custom?.expression !== undefined) ofTask(compileExpression(expansion.custom.expression).reads);
  if (expansion.custom?.args !== undefined) ofTask(compileTemplate(expansion.custom.args).reads);
  if (expansion.filter !== undefined) ofItem(compileExpression(expansion.filter).reads);
  if (expansion.identifier !== undefined) ofItem(compileTemplate(expansion.identifier).reads);
  if (expansion.reduce !== undefined) ofTask(compileExpression(expansion.reduce).reads);
}

function tasksIn({ nodes }: ScopeDecl): TaskDecl[] {
  return nodes.flatMap((node) => (node.kind === "TASK" ? [node] : tasksIn(node.inner)));
}

/** The task, or the outermost group around it that a reader in that scope does not stand in. */
function seenFrom(scope: ScopeDecl, target: NodeDecl): NodeDecl {
  const around = new Set<ScopeDecl>();
  for (let at: ScopeDecl | undefined = scope; at; at = at.group?.scope) around.add(at);
  let node = target;
  while (!around.has(node.scope)) node = node.scope.group as GroupDecl;
  return node;
}
