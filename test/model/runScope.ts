/** Runs a scope of the reference, node after node; an expanded group's node runs its instances one after the other, each in a scope inside. */

import { compileExpression } from "../../src/workflow/expressions/expression.js";
import { placed } from "../../src/workflow/expressions/placed.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { collectOutput, collectResults, resultFields, type ItemOutcome } from "../../src/workflow/outputs.js";
import { TaskExpansion, type ExpandedItem } from "../../src/workflow/TaskExpansion.js";
import { nodeOf, type GroupDecl, type NodeDecl } from "./declared.js";
import { ModelScope, type Gate } from "./ModelScope.js";
import { TooMuch, type ModelGroup, type ModelInstance, type ModelNode, type ModelNodes, type ModelTask } from "./outcome.js";
import { copy, EXPANDERS, failureOf, runTask, skippedTask, tolerated, tooManyFailed } from "./runTask.js";

const MOST_INSTANCES = 60;

/** @throws TooMuch */
export async function runScope(scope: ModelScope): Promise<ModelNodes> {
  for (let node = scope.next(); node; node = scope.next()) scope.ended.set(node, await runNode(scope, node));
  const ended = (kind: NodeDecl["kind"]): ModelNode[] => scope.decl.nodes.filter((node) => node.kind === kind).map((node) => scope.ended.get(node) as ModelNode);
  return { tasks: ended("TASK") as ModelTask[], groups: ended("GROUP") as ModelGroup[], scope };
}

function runNode(scope: ModelScope, node: NodeDecl): Promise<ModelNode> | ModelNode {
  const gate = scope.gate(node);
  if (node.kind === "GROUP") return gate === "GO" ? runGroup(scope, node) : skippedGroup(scope, node, gate);
  return gate === "GO" ? runTask(scope, node) : skippedTask(scope, node, gate === "LATE");
}

function skippedGroup(scope: ModelScope, group: GroupDecl, gate: Gate): ModelGroup {
  return groupEnd(scope, group, "SKIPPED", { errorCode: "UPSTREAM", ...(gate === "LATE" ? { skippedLate: true } : {}) });
}

async function runGroup(scope: ModelScope, group: GroupDecl): Promise<ModelGroup> {
  let instances: ModelInstance[] | undefined;
  try {
    const { items, shape } = await new TaskExpansion(group.expansion).expand(scope.expressionScope(group, {}), { expanders: EXPANDERS });
    countInstances(scope, items.length);
    instances = [];
    for (const item of items) instances.push(await runInstance(scope, group, item, instances.length));
    const failed = instances.filter(({ status }) => status === "FAILED").length;
    const may = tolerated(group.expansion, items.length);
    if (failed > may) {
      const { code, message } = tooManyFailed(`instances of group ${scope.addressOf(group)}`, items.length, may);
      return groupEnd(scope, group, "FAILED", { errorCode: code, errorMessage: message, failsWorkflow: true, instances, cancelsInstances: group.expansion.failFast });
    }
    const writes = await collected(scope, group, instances, shape);
    scope.write(group, writes);
    return groupEnd(scope, group, "COMPLETED", { instances, writes: writes.map(([key]) => key) });
  } catch (error) {
    const { code, message } = failureOf(error, scope.addressOf(group));
    return groupEnd(scope, group, "FAILED", { errorCode: code, errorMessage: message, failsWorkflow: true, ...(instances ? { instances } : {}) });
  }
}

async function runInstance(outside: ModelScope, group: GroupDecl, { identifier, variables: made }: ExpandedItem, index: number): Promise<ModelInstance> {
  const [address, variables] = [`${outside.addressOf(group)}[${identifier}]`, copy(made)];
  const scope = new ModelScope(group.inner, outside.run, {}, { outside, group, address, variables, index });
  const { tasks, groups } = await runScope(scope);
  const cause = group.inner.nodes.map((node) => scope.ended.get(node) as ModelNode).find(({ failsWorkflow }) => failsWorkflow);
  return {
    address, identifier, variables, tasks, groups, scope, values: scope.values, status: cause ? "FAILED" : "COMPLETED",
    ...(cause ? { error: { code: cause.errorCode as string, message: cause.errorMessage ?? "" } } : {}),
  };
}

/** What the group writes around it: each key over all instances, or what `reduce` makes of them all. */
async function collected(scope: ModelScope, group: GroupDecl, instances: readonly ModelInstance[], shape: number[] | undefined): Promise<[string, JsonValue][]> {
  const { expansion, keys } = group;
  const outcomes = (resultOf: (values: JsonObject) => JsonValue): ItemOutcome[] => instances.map(({ identifier, status, error, values }) => (
    { identifier, status, ...(error ? { error } : {}), ...(status === "COMPLETED" ? { result: resultOf(values) } : {}) }));
  if (expansion.reduce === undefined) return keys.map((key): [string, JsonValue] => [key, collectOutput(expansion, outcomes((values) => valueOf(values, key)), shape)]);
  const $results = collectResults(expansion, outcomes((values) => Object.fromEntries(keys.map((key) => [key, valueOf(values, key)]))));
  const reduced = await placed(compileExpression(expansion.reduce), "expansion.reduce").evaluate(scope.expressionScope(group, { $results }));
  const fields = resultFields(nodeOf(group), reduced ?? null);
  if ("error" in fields) throw fields.error;
  return fields.writes;
}

/** Null of an instance that has none, so that all keys' lists run alike. */
function valueOf(values: JsonObject, key: string): JsonValue {
  return Object.hasOwn(values, key) ? (values[key] as JsonValue) : null;
}

function countInstances({ run }: ModelScope, more: number): void {
  run.instances += more;
  if (run.instances > (run.limits.instances ?? MOST_INSTANCES)) throw new TooMuch();
}

function groupEnd(scope: ModelScope, group: GroupDecl, status: ModelGroup["status"], more: Partial<ModelGroup>): ModelGroup {
  return { address: scope.addressOf(group), status, failsWorkflow: false, writes: [], cancelsInstances: false, ...more };
}
