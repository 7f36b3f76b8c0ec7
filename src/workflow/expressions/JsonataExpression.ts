/** One parsed expression: what it reads, and how it gets its value from a scope. */

import type { JsonValue } from "../json.js";
import { FanwireError } from "../../errors.js";
import { evaluationError, parseError, syntaxError } from "./expressionErrors.js";
import { fastPath } from "./fastPath.js";
import type { FastPath } from "./fastPath.js";
import { EXPRESSION_LIMITS } from "./limits.js";
import { plainJson } from "./plainJson.js";
import { findReads } from "./reads.js";
import type { StaticReads } from "./reads.js";
import { regexProblem } from "./regexEngine.js";
import { sandboxed } from "./sandbox.js";
import type { SandboxedExpression } from "./sandbox.js";
import { defaultNesting } from "./scan.js";
import type { CompiledExpression, Reads, Scope } from "./types.js";

/** Variables that the scope has under their name with the dollar sign. */
const SCOPE_VARIABLES = ["index", "item", "attempt", "workflow", "session", "result", "results", "error"];

export class JsonataExpression implements CompiledExpression {
  readonly source: string;
  readonly reads: Reads;
  /** True when it reads the scope as a whole, so that `reads` cannot be complete. */
  readonly usesWholeScope: boolean;
  /** Of a plain path: its root as the scope names it, then the fields. */
  readonly names: readonly string[] | undefined;
  readonly secrets: readonly string[];
  readonly #jsonata: SandboxedExpression;
  readonly #fast: FastPath | undefined;
  readonly #roots: readonly string[];
  readonly #variables: readonly string[];

  /** @throws FanwireError EXPRESSION_SYNTAX */
  constructor(source: string) {
    this.source = source;
    this.#jsonata = parse(source);
    const reads = findReads(this.#jsonata.ast);
    checkParts(source, reads);
    this.reads = { required: reads.required, optional: reads.optional };
    this.usesWholeScope = reads.usesWholeScope;
    this.secrets = [...reads.secrets];
    this.#roots = [...reads.required, ...reads.optional];
    // `$error` is also a function of JSONata's; the scope's value hides it only where it is used as a value.
    this.#variables = SCOPE_VARIABLES.filter((name) => (name === "error" ? reads.valueVariables : reads.variables).has(name));
    this.#fast = fastPath(this.#jsonata.ast);
    this.names = this.#fast?.names;
  }

  /**
   * See CompiledExpression. The value of a plain path is the scope's own: not to be changed, as nothing of a scope is.
   * Everything else is computed on copies.
   */
  evaluate(scope: Scope): JsonValue | undefined | Promise<JsonValue | undefined> {
    if (this.#fast === undefined) return this.#run(() => this.#input(scope), () => this.#bindings(scope));
    try {
      return this.#fast.evaluate(scope);
    } catch (error) {
      throw evaluationError(this.source, error);
    }
  }

  /**
   * The same for an expression over one JSON value, which is its `$$` and `$`, whatever type it has.
   * @throws FanwireError EXPRESSION_ERROR, EXPRESSION_LIMIT
   */
  evaluateOver(data: JsonValue): Promise<JsonValue | undefined> {
    return this.#run(() => plainJson(data), () => this.#secretBindings(undefined));
  }

  async #run(input: () => unknown, bindings: () => Record<string, unknown>): Promise<JsonValue | undefined> {
    try {
      const value = await this.#jsonata.evaluate(input(), bindings());
      return value === undefined ? undefined : plainJson(value);
    } catch (error) {
      throw evaluationError(this.source, error);
    }
  }

  /** Only the names it reads, unless it may read any. */
  #input(scope: Scope): Record<string, unknown> {
    const input = Object.create(null) as Record<string, unknown>;
    const names = this.usesWholeScope ? [...scope.names()].filter((name) => !name.startsWith("$")) : this.#roots;
    for (const name of names) {
      const value = scope.get(name);
      if (value !== undefined) input[name] = plainJson(value);
    }
    return input;
  }

  #bindings(scope: Scope): Record<string, unknown> {
    const bindings = this.#secretBindings(scope);
    for (const name of this.#variables) {
      const value = scope.get(`$${name}`);
      bindings[name] = value === undefined ? undefined : plainJson(value);
    }
    return bindings;
  }

  #secretBindings(scope: Scope | undefined): Record<string, unknown> {
    const bindings = Object.create(null) as Record<string, unknown>;
    if (this.secrets.length > 0) bindings.secret = (name: string) => {
      if (scope?.secret === undefined) throw new FanwireError("SECRET_PLACE", "There are no secrets here", { retryable: false });
      return scope.secret(name);
    };
    return bindings;
  }
}

function parse(source: string): SandboxedExpression {
  if (source.trim() === "") throw syntaxError(source, "it is empty");
  if (source.length > EXPRESSION_LIMITS.sourceChars) throw syntaxError(source, `it has more than ${EXPRESSION_LIMITS.sourceChars} characters`);
  if (defaultNesting(source) > EXPRESSION_LIMITS.defaultNesting) {
    throw syntaxError(source, `?? and ?: are nested deeper than ${EXPRESSION_LIMITS.defaultNesting} levels in each other's left operand`);
  }
  try {
    return sandboxed(source);
  } catch (error) {
    throw parseError(source, error);
  }
}

function checkParts(source: string, reads: StaticReads): void {
  if (reads.variables.has("eval")) throw syntaxError(source, "$eval is not available: what an expression reads must be known before it runs");
  if (reads.misusesSecret) throw syntaxError(source, "$secret is called with one name, written out in capitals, digits and _: $secret(\"API_KEY\")");
  for (const regex of reads.regexes) {
    const reason = regexProblem(regex.value);
    if (reason !== undefined) throw syntaxError(source, `${reason} (at character ${regex.position}). Lookaround and backreferences are not supported`);
  }
  for (const lambda of reads.signatures) {
    const definition = lambda.signature?.definition ?? "";
    const repeated = definition.split("+").length - 1;
    const omissible = definition.split(/[?-]/).length - 1;
    // JSONata matches arguments with a backtracking pattern made from the signature.
    if (repeated > 1 || omissible > 8) throw syntaxError(source, `the signature ${definition} has too many parameters that repeat or may be missing`);
  }
}
