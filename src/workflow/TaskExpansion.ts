/** Turns one declared task into its items: evaluates the lists, combines them, filters, numbers and names the items. */

import { FanwireError } from "../errors.js";
import { Breather } from "./Breather.js";
import { combine, customItems } from "./combinations.js";
import type { Axis } from "./combinations.js";
import type { ExpansionDefinition } from "./definition.js";
import { runExpander, type Expanders } from "./expander.js";
import { compileExpression, evaluateCondition } from "./expressions/expression.js";
import { evaluateAt, placed } from "./expressions/placed.js";
import { compileTemplate } from "./expressions/template.js";
import type { CompiledExpression, CompiledTemplate, Scope } from "./expressions/types.js";
import { itemScope } from "./itemScope.js";
import { FORBIDDEN_KEY } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind } from "./jsonTree.js";
import { isSequenceOfOne } from "./sequence.js";

export interface ExpandedItem {
  variables: JsonObject;
  /** Unique within the expansion; by default the item's position as text. */
  identifier: string;
}

/** What an expansion needs besides the scope when it names an expander. */
export interface ExpansionServices {
  expanders?: Expanders;
  /** Fires when nobody waits for the items any more. */
  signal?: AbortSignal;
}

export interface Expanded {
  /** In item order; an item's `$index` is its position here. */
  items: ExpandedItem[];
  /** Of a nested matrix: how many values each axis has, first variable first. */
  shape?: number[];
}

export class TaskExpansion {
  readonly #expansion: ExpansionDefinition;
  readonly #filter: CompiledExpression | undefined;
  readonly #identifier: CompiledTemplate | undefined;

  /** @throws FanwireError EXPRESSION_SYNTAX, TEMPLATE_SYNTAX when the definition was not validated. */
  constructor(expansion: ExpansionDefinition) {
    this.#expansion = expansion;
    this.#filter = expansion.filter === undefined ? undefined : placed(compileExpression(expansion.filter), "expansion.filter");
    this.#identifier = expansion.identifier === undefined ? undefined : compileTemplate(expansion.identifier, "expansion.identifier");
  }

  /**
   * All items, with no per-item promise where filter and identifier are synchronous; long work lets the event loop turn.
   * @throws FanwireError EXPANSION_NOT_LIST, EXPANSION_LENGTH, EXPANSION_TOO_LARGE (over 1,000,000 before the filter),
   *   EXPANSION_IDENTIFIER, UNKNOWN_EXPANDER, and whatever the expressions and templates throw
   */
  async expand(scope: Scope, outside: ExpansionServices = {}): Promise<Expanded> {
    const { combinations, shape } = await this.#source(scope, outside);
    const kept = await this.#keep(scope, combinations);
    const items = await this.#name(scope, kept);
    return { items, ...(shape === undefined ? {} : { shape }) };
  }

  async #source(scope: Scope, outside: ExpansionServices): Promise<{ combinations: JsonObject[]; shape?: number[] }> {
    const { custom, nested } = this.#expansion;
    if (custom?.expander !== undefined) return { combinations: await this.#expanded(custom.expander, scope, outside) };
    if (custom !== undefined) return { combinations: customItems(await listOf(custom.expression ?? "", scope, "The custom expansion", "expansion.custom.expression")) };
    const axes: Axis[] = [];
    const kind = (["array", "zip", "matrix"] as const).find((name) => this.#expansion[name] !== undefined) ?? "array";
    for (const [variable, value] of Object.entries(variablesOf(this.#expansion))) axes.push([variable, await listOf(value, scope, variable, `expansion.${kind}.${variable}`)]);
    return { combinations: combine(this.#expansion, axes), ...(nested ? { shape: axes.map(([, values]) => values.length) } : {}) };
  }

  async #expanded(name: string, scope: Scope, { expanders, signal = new AbortController().signal }: ExpansionServices): Promise<JsonObject[]> {
    const expander = expanders?.get(name);
    if (!expander) throw new FanwireError("UNKNOWN_EXPANDER", `This process has no expander ${name}`);
    const args = compileTemplate(this.#expansion.custom?.args ?? null, "expansion.custom.args").render(scope);
    return runExpander(expander, args instanceof Promise ? await args : args, scope, signal);
  }

  async #keep(scope: Scope, combinations: JsonObject[]): Promise<JsonObject[]> {
    const filter = this.#filter;
    if (filter === undefined) return combinations;
    const kept: JsonObject[] = [];
    const breather = new Breather();
    for (const [position, variables] of combinations.entries()) {
      if (breather.isDue()) await breather.rest();
      const answer = evaluateCondition(filter, itemScope(scope, { variables }, position));
      if (typeof answer === "boolean" ? answer : await answer) kept.push(variables);
    }
    return kept;
  }

  async #name(scope: Scope, combinations: readonly JsonObject[]): Promise<ExpandedItem[]> {
    const template = this.#identifier;
    if (template === undefined) return combinations.map((variables, index) => ({ variables, identifier: String(index) }));
    const items: ExpandedItem[] = [];
    const positions = new Map<string, number>();
    const breather = new Breather();
    for (const [index, variables] of combinations.entries()) {
      if (breather.isDue()) await breather.rest();
      const rendered = template.render(itemScope(scope, { variables }, index));
      const value = rendered instanceof Promise ? await rendered : rendered;
      const identifier = typeof value === "string" ? value : JSON.stringify(value);
      checkIdentifier(identifier, index, positions);
      items.push({ variables, identifier });
    }
    return items;
  }
}

/** The variables of an array, zip or matrix with what gives their values; none of a custom expansion. */
export function variablesOf(expansion: ExpansionDefinition): JsonObject {
  return expansion.array ?? expansion.zip ?? expansion.matrix ?? {};
}

/**
 * The list that a literal or an expression gives. No value is the empty list, a sequence of one is a list of one.
 * Synchronous when the expression is.
 * @param what it is called, and where it stands in its task, for messages
 * @throws FanwireError EXPANSION_NOT_LIST for any other value
 */
export function listOf(value: JsonValue, scope: Scope, what: string, place = ""): JsonValue[] | Promise<JsonValue[]> {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") throw notList(value, what);
  const result = evaluateAt(compileExpression(value), scope, place);
  return result instanceof Promise ? result.then((awaited) => asList(awaited, value, scope, what)) : asList(result, value, scope, what);
}

function asList(value: JsonValue | undefined, source: string, scope: Scope, what: string): JsonValue[] {
  if (Array.isArray(value)) return value;
  if (value === undefined) return [];
  if (isSequenceOfOne(source, scope)) return [value];
  throw notList(value, what, source);
}

function notList(value: JsonValue, what: string, source?: string): FanwireError {
  const advice = source === undefined ? "" : `: ${source} (to make a list of one, write [${source}])`;
  return new FanwireError("EXPANSION_NOT_LIST", `${what} is ${describeKind(value)}, not a list${advice}`);
}

function checkIdentifier(identifier: string, index: number, positions: Map<string, number>): void {
  const before = positions.get(identifier);
  if (before !== undefined) {
    throw new FanwireError("EXPANSION_IDENTIFIER", `Items ${before} and ${index} both have the identifier ${JSON.stringify(identifier)}`);
  }
  if (identifier === FORBIDDEN_KEY) throw new FanwireError("FORBIDDEN_KEY", `Item ${index} has the identifier ${FORBIDDEN_KEY}, which may not be used`);
  positions.set(identifier, index);
}
