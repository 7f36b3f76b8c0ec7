/** What the rest of the code needs of expressions and templates. */

import type { JsonValue } from "../json.js";

/**
 * The values an expression can see. `get` answers undefined for a name without value. Roots are the scope's context
 * keys and the item's variables by their names, and `$index`, `$item`, `$attempt`, `$workflow`, `$session`, `$error`,
 * `$result`, `$results` with their dollar sign, where they apply.
 */
export interface Scope {
  get(name: string): JsonValue | undefined;
  /** Names that have a value, for near misses in messages and for `$$`-style whole-scope access. */
  names(): Iterable<string>;
  /** What `$secret(name)` gives. Absent: there are no secrets in this scope. @throws FanwireError SECRET_UNKNOWN, SECRET_REMOTE */
  secret?(name: string): string;
}

/** What a compiled expression reads, found statically. */
export interface Reads {
  /** Root names it cannot do without, e.g. ["customer"]; `$`-roots are not listed. */
  readonly required: readonly string[];
  /** Root names only read on the left of `??`. */
  readonly optional: readonly string[];
}

export interface CompiledExpression {
  readonly source: string;
  readonly reads: Reads;
  /**
   * JSONata's value as JSON; undefined when it has none. Synchronous when the expression is a plain path.
   * @throws FanwireError EXPRESSION_ERROR, EXPRESSION_LIMIT
   */
  evaluate(scope: Scope): JsonValue | undefined | Promise<JsonValue | undefined>;
}

export interface CompiledTemplate {
  readonly reads: Reads;
  /** Names of the secrets that it asks for. */
  readonly secrets: readonly string[];
  /** True when it has no placeholder: render gives the value itself. */
  readonly constant: boolean;
  /**
   * Every placeholder replaced. Synchronous when all its expressions are.
   * @throws FanwireError TEMPLATE_UNRESOLVED (names the name, the place inside the value and a near miss),
   *   TEMPLATE_TOO_LARGE, EXPRESSION_ERROR, EXPRESSION_LIMIT
   */
  render(scope: Scope): JsonValue | Promise<JsonValue>;
}
