/** Runs one task of the reference to its end: its attempts, its items one after the other, and what its failure leaves. */

import { ExpanderRegistry } from "../../src/engine/expanders.js";
import { StartChild } from "../../src/engine/children.js";
import { CompleteLater, type Handler } from "../../src/engine/handlers.js";
import { WaitForSignal } from "../../src/engine/signals.js";
import { FanwireError } from "../../src/errors.js";
import type { ExpansionDefinition, TaskDefinition } from "../../src/workflow/definition.js";
import { compileExpression, evaluateCondition } from "../../src/workflow/expressions/expression.js";
import { placed } from "../../src/workflow/expressions/placed.js";
import { compileTemplate } from "../../src/workflow/expressions/template.js";
import type { Scope } from "../../src/workflow/expressions/types.js";
import { itemScope } from "../../src/workflow/itemScope.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { collectOutput, collectResults, invalidItemResult, resultFields } from "../../src/workflow/outputs.js";
import { TaskExpansion } from "../../src/workflow/TaskExpansion.js";
import { answered, answerOf } from "./answers.js";
import { asBatchOfOne } from "./batches.js";
import { nodeOf, type TaskDecl } from "./declared.js";
import type { ModelScope } from "./ModelScope.js";
import { checkAgainstSchema } from "./schemas.js";
import { withMask } from "./secrets.js";
import { TooMuch, type ModelChild, type ModelItem, type ModelTask } from "./outcome.js";
import { resultOf } from "./runChild.js";

export const EXPANDERS = new ExpanderRegistry();

export type Failure = { code: string; message: string; retryable: boolean; details?: JsonValue; task: string };

/** What a value is once it has been JSON text. */
export function copy<T extends JsonValue>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** @throws TooMuch */
export function runTask(scope: ModelScope, declared: TaskDecl): Promise<ModelTask> {
  return new TaskRun(scope, declared).run();
}

export function skippedTask(scope: ModelScope, declared: TaskDecl, late: boolean): ModelTask {
  return { ...endOf(scope, declared, "SKIPPED", { errorCode: "UPSTREAM" }), ...(late ? { skippedLate: true } : {}) };
}

export function failureOf(error: unknown, task: string): Failure {
  if (error instanceof TooMuch) throw error;
  if (!(error instanceof FanwireError)) return { code: "HANDLER_ERROR", message: (error as Error).message, retryable: true, task };
  const { code, message, retryable, details } = error;
  return { code, message, retryable, task, ...(details === undefined ? {} : { details: details as JsonValue }) };
}

/** @param what failed, of these many */
export function tooManyFailed(what: string, total: number, may: number): FanwireError {
  return new FanwireError("TOLERANCE_EXCEEDED", may === 0 ? `Of ${total} ${what} none may fail` : `Of ${total} ${what} more failed than the ${may} tolerated`);
}

/** Percentages of the tests are whole numbers, so the division is exact enough. */
export function tolerated({ toleratedFailures: count, toleratedFailurePercent: percent }: ExpansionDefinition, total: number): number {
  if (count === undefined && percent === undefined) return 0;
  return Math.min(count ?? total, percent === undefined ? total : Math.floor((total * percent) / 100));
}

class TaskRun {
  readonly #task: TaskDefinition;
  readonly #address: string;
  readonly #children: ModelChild[] = [];

  constructor(readonly scope: ModelScope, readonly declared: TaskDecl) {
    this.#task = declared.task;
    this.#address = scope.addressOf(declared);
  }

  async run(): Promise<ModelTask> {
    const { when, expansion, input } = this.#task;
    for (let attempt = 1; ; attempt++) {
      try {
        const scope = this.#scope({ $attempt: attempt });
        if (when !== undefined && !(await evaluateCondition(placed(compileExpression(when), "when"), scope))) return this.#end("SKIPPED", { errorCode: "CONDITION" });
        if (expansion) return await this.#runItems(expansion, scope, attempt);
        const result = await this.#call(await compileTemplate(input ?? null, "input").render(withMask(scope)), { unit: this.#address, attempt });
        await validate(this.declared, scope, result);
        return this.#complete(result, attempt);
      } catch (error) {
        const failure = failureOf(error, this.#address);
        if (isFinal(this.#task, failure, attempt)) return this.#giveUp(failure, attempt);
      }
    }
  }

  async #runItems(expansion: ExpansionDefinition, scope: Scope, attempt: number): Promise<ModelTask> {
    const { items: expanded, shape } = await new TaskExpansion(expansion).expand(scope, { expanders: EXPANDERS });
    if (expanded.length > this.scope.run.limits.items) throw new TooMuch();
    const items: ModelItem[] = [];
    for (const { identifier, variables } of expanded) items.push(await this.#runItem(identifier, copy(variables), items.length));
    try {
      const failed = items.filter(({ status }) => status === "FAILED").length;
      const may = tolerated(expansion, items.length);
      if (failed > may) {
        const ended = await this.#giveUp(failureOf(tooManyFailed(`items of ${this.#address}`, items.length, may), this.#address), attempt);
        return { ...ended, items, cancelsItems: expansion.failFast };
      }
      const output = expansion.reduce === undefined
        ? collectOutput(expansion, items, shape)
        : (await placed(compileExpression(expansion.reduce), "expansion.reduce").evaluate(this.#scope({ $attempt: attempt, $results: collectResults(expansion, items) }))) ?? null;
      return { ...this.#complete(output, attempt), items };
    } catch (error) {
      return { ...(await this.#giveUp(failureOf(error, this.#address), attempt)), items };
    }
  }

  async #runItem(identifier: string, variables: JsonObject, index: number): Promise<ModelItem> {
    for (let attempt = 1; ; attempt++) {
      try {
        const scope = itemScope(this.#scope({ $attempt: attempt }), { variables }, index);
        const input = await compileTemplate(this.#task.input ?? null, "input").render(withMask(scope));
        const call = (given: JsonValue): Promise<JsonValue> => this.#call(given, { unit: `${this.#address}[${identifier}]`, attempt });
        const result = await (this.#task.expansion?.batchSize === undefined ? call(input) : asBatchOfOne(call, input));
        const invalid = invalidItemResult(nodeOf(this.declared), result);
        await validate(this.declared, scope, result);
        if (invalid) throw invalid;
        return { identifier, variables, status: "COMPLETED", attempt, result };
      } catch (error) {
        const failure = failureOf(error, `${this.#address}[${identifier}]`);
        if (isFinal(this.#task, failure, attempt)) return { identifier, variables, status: "FAILED", attempt, error: failure };
      }
    }
  }

  async #call(input: JsonValue, by: { unit: string; attempt: number }): Promise<JsonValue> {
    const { handlers, limits } = this.scope.run;
    const handler = handlers.get(this.#task.handler) as Handler;
    const answer = await handler.run({
      input: copy(input), workflowId: "model", task: this.#address, attempt: by.attempt, idempotencyKey: "", signal: new AbortController().signal, progress: () => {}, heartbeat: () => {}, log: () => {},
    });
    const value = answer instanceof WaitForSignal ? answered(answer.wait, answerOf(this.scope.run.answers, this.declared.address, by.unit))
      : answer instanceof StartChild ? await this.#childResult(answer, by) : answer instanceof CompleteLater ? answer.result : answer;
    const result = copy((value ?? null) as JsonValue);
    if (JSON.stringify(result).length > limits.characters) throw new TooMuch();
    return result;
  }

  /** @throws FanwireError CHILD_INVALID, CHILD_FAILED */
  async #childResult(asked: StartChild, by: { unit: string; attempt: number }): Promise<JsonValue> {
    const child = await this.scope.run.runChild(new StartChild(asked.definitionName, asked.version, copy(asked.context ?? {})), by);
    this.#children.push(child);
    return resultOf(child, this.#address);
  }

  /** @throws FanwireError RESULT_INVALID */
  #complete(result: JsonValue, attempt: number): ModelTask {
    const fields = resultFields(nodeOf(this.declared), result);
    if ("error" in fields) throw fields.error;
    this.scope.write(this.declared, fields.writes);
    return this.#end("COMPLETED", { result, attempt, writes: fields.writes.map(([key]) => key) });
  }

  async #giveUp(error: Failure, attempt: number): Promise<ModelTask> {
    const { onFailure, fallback } = this.#task;
    const failed = ({ code, message }: Failure, failsWorkflow: boolean): ModelTask => this.#end("FAILED", { errorCode: code, errorMessage: message, attempt, failsWorkflow });
    if (onFailure !== "FALLBACK") return failed(error, onFailure === "FAIL");
    try {
      const result = await compileTemplate(fallback as JsonValue, "fallback").render(this.#scope({ $attempt: attempt, $error: error }));
      return { ...this.#complete(copy(result), attempt), errorCode: error.code };
    } catch (second) {
      return failed(failureOf(second, this.#address), true);
    }
  }

  #scope(dollars: JsonObject): Scope {
    return this.scope.expressionScope(this.declared, dollars);
  }

  #end(status: ModelTask["status"], more: Partial<ModelTask>): ModelTask {
    return endOf(this.scope, this.declared, status, this.#children.length > 0 ? { children: this.#children, ...more } : more);
  }
}

function endOf(scope: ModelScope, declared: TaskDecl, status: ModelTask["status"], more: Partial<ModelTask>): ModelTask {
  return { address: scope.addressOf(declared), status, attempt: 0, cancelsItems: false, failsWorkflow: false, writes: [], ...more };
}

/** @throws FanwireError RESULT_INVALID */
async function validate({ task, address }: TaskDecl, scope: Scope, result: JsonValue): Promise<void> {
  if (task.resultSchema !== undefined) await checkAgainstSchema(address, task.resultSchema, result);
  if (task.validate === undefined) return;
  const withResult: Scope = { get: (name) => (name === "$result" ? result : scope.get(name)), names: () => [...scope.names(), "$result"] };
  if (await evaluateCondition(placed(compileExpression(task.validate), "validate"), withResult)) return;
  throw new FanwireError("RESULT_INVALID", `The result of ${address} does not meet its condition: ${task.validate}`, { retryable: true });
}

function isFinal({ retry }: TaskDefinition, { code, retryable }: Failure, attempt: number): boolean {
  if (!retry || attempt >= retry.maxAttempts || !retryable) return true;
  return retry.nonRetryable.includes(code) || code.startsWith("TEMPLATE_") || code === "EXPRESSION_ERROR";
}
