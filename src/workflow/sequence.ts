/** Tells a JSONata sequence of one from a value that simply is no list. */

import jsonata from "jsonata";
import type { AstNode } from "./expressions/ast.js";
import type { Scope } from "./expressions/types.js";
import { isObject } from "./json.js";
import type { JsonValue } from "./json.js";

/** What a path has come to: the values before selection, unless they cannot be told, and whether a list was passed. */
interface Walked {
  value: JsonValue | undefined;
  passedList: boolean;
}

type Lookup = (name: string) => JsonValue | undefined;

/** Functions of JSONata whose result is a sequence, also when one element is left of it. */
const SEQUENCE_FUNCTIONS = new Set([
  "append", "distinct", "each", "filter", "keys", "map", "match", "reverse", "shuffle", "sort", "split", "spread", "zip",
]);

/**
 * JSONata gives a sequence of one as its only element, so the value alone does not tell `customers[vip]` with one
 * match from `customer`, which is one object. The expression does: it gave a sequence if it passed through a list (by a
 * path over the elements or by a selection), or if it is a function that makes sequences.
 * `$f(...)` of an own function counts as a value, not as a sequence: `[$f(...)]` makes a list of it.
 */
export function isSequenceOfOne(source: string, scope: Scope): boolean {
  return givesSequence(jsonata(source).ast() as unknown as AstNode, (name) => scope.get(name), new Map());
}

function givesSequence(node: AstNode, lookup: Lookup, bound: Map<string, AstNode>): boolean {
  if (node.group !== undefined) return false;
  if (node.predicate !== undefined && node.predicate.length > 0) return true;
  switch (node.type) {
    case "path": return walkPath(node.steps ?? [], lookup, bound).passedList;
    case "block": return blockGivesSequence(node.expressions ?? [], lookup, bound);
    case "condition": return [node.then, node.else].some((branch) => branch !== undefined && givesSequence(branch, lookup, bound));
    case "bind": return node.rhs !== undefined && givesSequence(node.rhs, lookup, bound);
    case "function": return SEQUENCE_FUNCTIONS.has(String(node.procedure?.value));
    case "apply": return node.rhs !== undefined && (node.rhs.type === "function" ? givesSequence(node.rhs, lookup, bound) : SEQUENCE_FUNCTIONS.has(String(node.rhs.value)));
    case "variable": return boundGivesSequence(String(node.value), lookup, bound);
    case "wildcard": case "descendant": return true;
    default: return false;
  }
}

function blockGivesSequence(expressions: readonly AstNode[], lookup: Lookup, bound: Map<string, AstNode>): boolean {
  const inside = new Map(bound);
  for (const expression of expressions) {
    if (expression.type === "bind" && expression.rhs !== undefined) inside.set(boundName(expression), expression.rhs);
  }
  const last = expressions.at(-1);
  return last !== undefined && givesSequence(last, lookup, inside);
}

function boundName({ lhs }: AstNode): string {
  return String((lhs as AstNode | undefined)?.value);
}

function boundGivesSequence(name: string, lookup: Lookup, bound: Map<string, AstNode>): boolean {
  const definition = bound.get(name);
  if (definition === undefined) return false;
  const rest = new Map(bound);
  rest.delete(name);
  return givesSequence(definition, lookup, rest);
}

/** Follows the names of a path as if it selected nothing away, so that every list on the way is seen. */
function walkPath(path: readonly AstNode[], lookup: Lookup, bound: Map<string, AstNode>): Walked {
  const steps = path.length > 1 && isWholeInput(path[0]) ? path.slice(1) : path;
  let at: Walked = { value: undefined, passedList: false };
  steps.forEach((step, index) => {
    const passed = at.passedList || Array.isArray(at.value);
    const next = index === 0 ? firstStep(step, lookup, bound) : laterStep(step, at.value, bound);
    const selects = step.type === "sort" || (step.stages?.length ?? 0) > 0;
    at = { value: next.value, passedList: passed || next.passedList || (selects && Array.isArray(next.value)) };
  });
  return at;
}

/** `$` and `$$`, which only say where the next name is looked up. */
function isWholeInput(step: AstNode | undefined): boolean {
  return step?.type === "variable" && (step.value === "" || step.value === "$");
}

function firstStep(step: AstNode, lookup: Lookup, bound: Map<string, AstNode>): Walked {
  if (step.type === "name") return { value: lookup(String(step.value)), passedList: false };
  if (step.type === "variable") return { value: lookup(`$${String(step.value)}`), passedList: boundGivesSequence(String(step.value), lookup, bound) };
  return { value: undefined, passedList: givesSequence(step, lookup, bound) };
}

function laterStep(step: AstNode, from: JsonValue | undefined, bound: Map<string, AstNode>): Walked {
  if (step.type === "sort") return { value: from, passedList: false };
  if (step.type === "name") return { value: fieldOf(from, String(step.value)), passedList: false };
  return { value: undefined, passedList: givesSequence(step, (name) => fieldOf(from, name), bound) };
}

/** A field of an object, or of every object of a list, the lists among them joined: JSONata's mapping, less its unwrapping. */
function fieldOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (Array.isArray(value)) return value.flatMap((element) => fieldOf(element, name) ?? []);
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
