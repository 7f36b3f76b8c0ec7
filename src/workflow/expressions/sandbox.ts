/**
 * JSONata with its doors closed: limits set, regexes by RE2, functions that check time and size on every call and that
 * no expression can change for the next one.
 */

import jsonata from "jsonata";
import type { AstNode } from "./ast.js";
import { EXPRESSION_LIMITS, LimitReached } from "./limits.js";
import { RegexEngine } from "./regexEngine.js";
import { replacedFunctions } from "./replacedFunctions.js";
import type { BaseEnvironment, Focus, Implementation, Originals } from "./replacedFunctions.js";
import { FUNCTION_NAMES } from "./functionNames.js";

export interface SandboxedExpression {
  readonly ast: AstNode;
  /** Errors are JSONata's objects with `code`, LimitReached, or whatever a function threw. */
  evaluate(input: unknown, bindings: Record<string, unknown>): Promise<unknown>;
}

/** A function as JSONata keeps it. */
interface Definition {
  _jsonata_function: true;
  implementation: Implementation;
  signature?: unknown;
}

/** The functions whose result is an object that they made. */
const MAKES_OBJECT: readonly string[] = ["merge", "sift"];

const OPTIONS: jsonata.JsonataOptions = {
  timeout: EXPRESSION_LIMITS.timeoutMs,
  stack: EXPRESSION_LIMITS.depth,
  sequence: EXPRESSION_LIMITS.sequenceItems,
  // JSONata uses the constructor, `lastIndex` and `exec`, and nothing else of RegExp.
  RegexEngine: RegexEngine as unknown as RegExpConstructor,
};

const ON_EXIT = Symbol.for("jsonata.__evaluate_exit");
const functions = await guardedFunctions();

/** @throws JSONata's error object (code, message, position) when the source cannot be parsed. */
export function sandboxed(source: string): SandboxedExpression {
  const expression = jsonata(source, OPTIONS);
  for (const [name, definition] of functions) expression.assign(name, definition);
  // Names may be symbols, though the types say string: JSONata looks its hooks up like variables.
  expression.assign(ON_EXIT as unknown as string, checkResult);
  return {
    ast: expression.ast() as unknown as AstNode,
    evaluate: (input, bindings) => expression.evaluate(input, bindings),
  };
}

/** Looks at every value that an evaluation makes. JSONata itself limits sequences only, one at a time. */
function checkResult(node: AstNode, _input: unknown, environment: Focus["environment"], result: unknown): void {
  if (typeof result === "string") {
    if (node.type === "binary") spendString(environment.base, result);
  } else if (Array.isArray(result)) {
    const fresh = (result as unknown[] & { sequence?: boolean }).sequence === true || node.type === "unary";
    if (fresh) spendItems(environment.base, result.length);
  } else if ((node.type === "unary" && node.value === "{") || node.group !== undefined) {
    checkFields(environment.base, result);
  }
}

const spent = new WeakMap<BaseEnvironment, { items: number; chars: number }>();

function spentBy(base: BaseEnvironment): { items: number; chars: number } {
  let sums = spent.get(base);
  if (sums === undefined) spent.set(base, (sums = { items: 0, chars: 0 }));
  return sums;
}

function spendItems(base: BaseEnvironment, items: number): void {
  if (items < 64) return;
  const sums = spentBy(base);
  sums.items += items;
  if (sums.items > EXPRESSION_LIMITS.allocatedItems) throw new LimitReached("its lists are too large, taken together");
}

function spendString(base: BaseEnvironment, text: string): void {
  if (text.length < 1024) return;
  if (text.length > EXPRESSION_LIMITS.stringChars) throw new LimitReached(`a string is longer than ${EXPRESSION_LIMITS.stringChars} characters`);
  const sums = spentBy(base);
  sums.chars += text.length;
  if (sums.chars > EXPRESSION_LIMITS.allocatedChars) throw new LimitReached("its strings are too long, taken together");
}

function checkFields(base: BaseEnvironment, object: unknown): void {
  if (typeof object !== "object" || object === null) return;
  const fields = Object.keys(object).length;
  if (fields > EXPRESSION_LIMITS.objectFields) throw new LimitReached(`an object has more than ${EXPRESSION_LIMITS.objectFields} fields`);
  spendItems(base, fields);
}

async function guardedFunctions(): Promise<ReadonlyMap<string, Definition>> {
  const originals = new Map<string, Definition>();
  for (const name of FUNCTION_NAMES) originals.set(name, (await jsonata(`$${name}`).evaluate({})) as Definition);
  const implementations: Originals = Object.fromEntries([...originals].map(([name, definition]) => [name, definition.implementation]));
  const replaced = replacedFunctions(implementations);
  return new Map([...originals].map(([name, definition]) => {
    const guarded = guard(name, definition.implementation, replaced[name] ?? definition.implementation);
    return [name, lock({ ...definition, implementation: guarded })];
  }));
}

/** Functions call each other without JSONata's checks in between ($map with $length, say), so each makes them itself. */
function guard(name: string, original: Implementation, implementation: Implementation): Implementation {
  const makesObject = MAKES_OBJECT.includes(name);
  const check = (base: BaseEnvironment, result: unknown): unknown => {
    if (typeof result === "string") spendString(base, result);
    else if (Array.isArray(result)) spendItems(base, result.length);
    else if (makesObject) checkFields(base, result);
    return result;
  };
  const guarded: Implementation = function (this: Focus, ...args: unknown[]) {
    const { base } = this.environment;
    base.guardrails();
    const result = implementation.apply(this, args);
    return result instanceof Promise ? result.then((value: unknown) => check(base, value)) : check(base, result);
  };
  // JSONata counts a function's parameters, and reads their names out of its text for partial application.
  Object.defineProperty(guarded, "length", { value: original.length });
  Object.defineProperty(guarded, "toString", { value: () => original.toString() });
  return guarded;
}

/**
 * JSONata's transform operator can write into function definitions (`|$sum|{"implementation": ...}|`), which all
 * expressions share. JSONata also notes there who called last; nobody may read another's note.
 */
function lock(definition: Definition): Definition {
  for (const note of ["token", "position"]) Object.defineProperty(definition, note, { get: () => undefined, set: () => undefined });
  for (const field of ["_jsonata_function", "implementation", "signature"] as const) {
    Object.defineProperty(definition, field, { value: definition[field], writable: false, configurable: false, enumerable: true });
  }
  return Object.preventExtensions(definition);
}
