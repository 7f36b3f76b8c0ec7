/** A task's templates and expressions, compiled on first use and kept as long as its plan. */

import { compileExpression } from "./expressions/expression.js";
import { placed } from "./expressions/placed.js";
import { compileTemplate } from "./expressions/template.js";
import type { CompiledExpression, CompiledTemplate } from "./expressions/types.js";
import type { PlanNode } from "./plan.js";
import { TaskExpansion } from "./TaskExpansion.js";

/** Each part compiles when it is first asked for; parts that the task does not have are undefined. */
export interface CompiledTask {
  /** Gives null when the task declares no input. */
  readonly input: CompiledTemplate;
  readonly when?: CompiledExpression;
  readonly validate?: CompiledExpression;
  readonly fallback?: CompiledTemplate;
  readonly expansion?: TaskExpansion;
  readonly filter?: CompiledExpression;
  readonly identifier?: CompiledTemplate;
  readonly reduce?: CompiledExpression;
}

const compiled = new WeakMap<PlanNode, CompiledTask>();

/** The same object for the same node. Its parts throw TEMPLATE_SYNTAX or EXPRESSION_SYNTAX if the definition was not validated. */
export function compiledTask(node: PlanNode): CompiledTask {
  const known = compiled.get(node);
  if (known !== undefined) return known;
  const fresh = new LazyTask(node);
  compiled.set(node, fresh);
  return fresh;
}

class LazyTask implements CompiledTask {
  readonly #node: PlanNode;
  readonly #parts = new Map<string, unknown>();

  constructor(node: PlanNode) {
    this.#node = node;
  }

  get input(): CompiledTemplate {
    return this.#once("input", () => compileTemplate(this.#node.task.input ?? null, "input"));
  }

  get when(): CompiledExpression | undefined {
    return this.#expression("when", this.#node.task.when);
  }

  get validate(): CompiledExpression | undefined {
    return this.#expression("validate", this.#node.task.validate);
  }

  get fallback(): CompiledTemplate | undefined {
    const { fallback } = this.#node.task;
    return fallback === undefined ? undefined : this.#once("fallback", () => compileTemplate(fallback, "fallback"));
  }

  get expansion(): TaskExpansion | undefined {
    const { expansion } = this.#node;
    return expansion === undefined ? undefined : this.#once("expansion", () => new TaskExpansion(expansion));
  }

  get filter(): CompiledExpression | undefined {
    return this.#expression("expansion.filter", this.#node.expansion?.filter);
  }

  get identifier(): CompiledTemplate | undefined {
    const identifier = this.#node.expansion?.identifier;
    return identifier === undefined ? undefined : this.#once("identifier", () => compileTemplate(identifier, "expansion.identifier"));
  }

  get reduce(): CompiledExpression | undefined {
    return this.#expression("expansion.reduce", this.#node.expansion?.reduce);
  }

  /** @param part where it stands in the task */
  #expression(part: string, source: string | undefined): CompiledExpression | undefined {
    return source === undefined ? undefined : this.#once(part, () => placed(compileExpression(source), part));
  }

  #once<T>(part: string, compile: () => T): T {
    if (!this.#parts.has(part)) this.#parts.set(part, compile());
    return this.#parts.get(part) as T;
  }
}
