/**
 * Plain paths (`a.b[0].c`, `$item.name`, `a.b ?? "none"`) without JSONata: synchronous, and with the same meaning, which
 * includes mapping over lists, flattening by one level, and one-element sequences that become their element.
 */

import type { JsonValue } from "../json.js";
import type { AstNode } from "./ast.js";
import { EXPRESSION_LIMITS, LimitReached } from "./limits.js";
import type { Scope } from "./types.js";

export interface FastPath {
  /** @throws LimitReached */
  evaluate(scope: Scope): JsonValue | undefined;
  /** The root as the scope names it, then the fields; [] for a literal. */
  readonly names: readonly string[];
}

interface Step {
  readonly key: string;
  /** An inherited property has this name, so that only asking for an own one is safe. */
  readonly inherited: boolean;
  /** Literal indexes, applied one after the other. */
  readonly indexes: readonly number[];
}

/** A value on its way; `sequence` tells JSONata's sequences from lists that are data. */
interface Passing {
  readonly value: JsonValue | undefined;
  readonly sequence: boolean;
}

/** undefined when the expression is not one of the plain forms. */
export function fastPath(ast: AstNode): FastPath | undefined {
  if (!hasOnly(ast, ["type", "value", "position", "steps", "condition", "then", "else"])) return undefined;
  if (ast.type === "condition") return withDefault(ast);
  if (ast.type === "path") return plainPath(ast);
  if (ast.type === "variable" && isScopeVariable(ast)) {
    const name = `$${String(ast.value)}`;
    return { names: [name], evaluate: (scope) => scope.get(name) };
  }
  const literal = literalOf(ast);
  return literal === undefined ? undefined : { names: [], evaluate: () => literal };
}

/** `$` and `$$` are the scope itself, and a name that JSONata may have a function for is left to it. */
function isScopeVariable(node: AstNode): boolean {
  return SCOPE_VARIABLES.includes(String(node.value));
}
const SCOPE_VARIABLES = ["index", "item", "attempt", "workflow", "session", "result", "results"];

function withDefault(ast: AstNode): FastPath | undefined {
  const asks = ast.condition;
  // Only what the parser itself makes of `??` has no position; the operand stands in it twice, once as its text's copy.
  if (asks?.type !== "function" || asks.position !== undefined || asks.procedure?.value !== "exists") return undefined;
  const path = ast.then === undefined ? undefined : fastPath(ast.then);
  const fallback = ast.else === undefined ? undefined : literalOf(ast.else);
  if (path === undefined || ast.then?.type === "condition" || fallback === undefined) return undefined;
  return {
    names: path.names,
    evaluate(scope) {
      const value = path.evaluate(scope);
      return value === undefined ? fallback : value;
    },
  };
}

function literalOf(node: AstNode): JsonValue | undefined {
  if (!hasOnly(node, ["type", "value", "position"])) return undefined;
  if (node.type !== "string" && node.type !== "number" && node.type !== "value") return undefined;
  return node.value as JsonValue;
}

function plainPath(ast: AstNode): FastPath | undefined {
  const steps: Step[] = [];
  for (const [position, node] of (ast.steps ?? []).entries()) {
    const step = plainStep(node, position === 0);
    if (step === undefined) return undefined;
    steps.push(step);
  }
  const [root, ...rest] = steps;
  if (root === undefined) return undefined;
  const direct = steps.every((step) => step.indexes.length === 0);
  const names = steps.map((step) => step.key);
  return { names, evaluate: (scope) => (direct ? throughObjects(scope, root, rest, steps) : throughLists(scope, steps)) };
}

function plainStep(node: AstNode, first: boolean): Step | undefined {
  if (!hasOnly(node, ["type", "value", "position", "stages"])) return undefined;
  const isVariable = first && node.type === "variable" && isScopeVariable(node);
  if (node.type !== "name" && !isVariable) return undefined;
  const indexes: number[] = [];
  for (const { type, expr } of node.stages ?? []) {
    if (type !== "filter" || expr?.type !== "number" || !hasOnly(expr, ["type", "value", "position"])) return undefined;
    indexes.push(Math.floor(expr.value as number));
  }
  const key = `${isVariable ? "$" : ""}${String(node.value)}`;
  return { key, inherited: key in Object.prototype, indexes };
}

function hasOnly(node: AstNode, keys: readonly string[]): boolean {
  return Object.keys(node).every((key) => keys.includes(key));
}

/** The common case: every value on the way is an object. The first list sends it to the general way. */
function throughObjects(scope: Scope, root: Step, rest: readonly Step[], steps: readonly Step[]): JsonValue | undefined {
  let value = scope.get(root.key);
  for (let at = 0; at < rest.length; at++) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) return throughLists(scope, steps);
    value = field(value, rest[at] as Step);
  }
  return value;
}

function field(object: { [key: string]: JsonValue }, step: Step): JsonValue | undefined {
  return step.inherited && !Object.hasOwn(object, step.key) ? undefined : object[step.key];
}

/** JSONata's evaluation of a path, step by step. */
function throughLists(scope: Scope, steps: readonly Step[]): JsonValue | undefined {
  let inputs: readonly JsonValue[] = [];
  for (const [position, step] of steps.entries()) {
    const last = position === steps.length - 1;
    const found: Passing[] = [];
    if (position === 0) {
      keep(found, indexed({ value: scope.get(step.key), sequence: false }, step.indexes));
    } else {
      for (const input of inputs) keep(found, indexed(lookup(input, step), step.indexes));
    }
    const only = found[0];
    if (last && found.length === 1 && only !== undefined && Array.isArray(only.value) && !only.sequence) return only.value;
    inputs = flattened(found);
    if (inputs.length === 0) return undefined;
  }
  return inputs.length === 1 ? inputs[0] : (inputs as JsonValue[]);
}

function keep(found: Passing[], passing: Passing): void {
  if (passing.value !== undefined) found.push(passing);
}

function flattened(found: readonly Passing[]): JsonValue[] {
  const result: JsonValue[] = [];
  for (const { value } of found) {
    if (Array.isArray(value)) for (const element of value) result.push(element);
    else result.push(value as JsonValue);
  }
  if (result.length > EXPRESSION_LIMITS.sequenceItems) throw new LimitReached(`a list has more than ${EXPRESSION_LIMITS.sequenceItems} elements`);
  return result;
}

/** The field of an object, or of each element of a list; a sequence of none or one is undefined or its element. */
function lookup(input: JsonValue, step: Step): Passing {
  if (!Array.isArray(input)) {
    const isObject = typeof input === "object" && input !== null;
    return { value: isObject ? field(input, step) : undefined, sequence: false };
  }
  const sequence = lookupAll(input, step);
  return sequence.length > 1 ? { value: sequence, sequence: true } : { value: sequence[0], sequence: false };
}

function lookupAll(list: readonly JsonValue[], step: Step): JsonValue[] {
  const result: JsonValue[] = [];
  for (const element of list) {
    const value = Array.isArray(element) ? lookupAll(element, step) : lookup(element, step).value;
    if (Array.isArray(value)) for (const inner of value) result.push(inner);
    else if (value !== undefined) result.push(value);
  }
  return result;
}

/** `[n]`: the element at that place, counted from the end when negative; a value that is no list is a list of itself. */
function indexed(passing: Passing, indexes: readonly number[]): Passing {
  let current = passing;
  for (const index of indexes) {
    const list: readonly (JsonValue | undefined)[] = Array.isArray(current.value) ? current.value : [current.value];
    const element = list[index < 0 ? list.length + index : index];
    if (Array.isArray(element)) current = { value: element, sequence: false };
    else current = { value: element === undefined ? [] : [element], sequence: true };
  }
  return current;
}
