/** The reference: runs a workflow's definition in its head, one task after the other, and tells what any engine must come to. */

import { ExpanderRegistry } from "../../src/engine/expanders.js";
import { CompleteLater, type Handler } from "../../src/engine/handlers.js";
import { WaitForSignal } from "../../src/engine/signals.js";
import { FanwireError } from "../../src/errors.js";
import type { ExpansionDefinition, Reducer, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { compileExpression, evaluateCondition } from "../../src/workflow/expressions/expression.js";
import { compileTemplate } from "../../src/workflow/expressions/template.js";
import type { Reads, Scope } from "../../src/workflow/expressions/types.js";
import { itemScope } from "../../src/workflow/itemScope.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { collectOutput, collectResults, invalidItemResult, resultFields } from "../../src/workflow/outputs.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { TaskExpansion, variablesOf } from "../../src/workflow/TaskExpansion.js";
import { asBatchOfOne } from "./batches.js";
import { combined, fitsReducer } from "./reducers.js";
import { checkAgainstSchema } from "./schemas.js";

const EXPANDERS = new ExpanderRegistry();

export interface ModelItem {
  identifier: string;
  variables: JsonObject;
  status: "COMPLETED" | "FAILED";
  attempt: number;
  result?: JsonValue;
  error?: { code: string; message: string };
}

export interface ModelTask {
  address: string;
  status: "COMPLETED" | "FAILED" | "SKIPPED";
  /** Attempts of a plain task; of an expanded one they belong to its items. */
  attempt: number;
  errorCode?: string;
  result?: JsonValue;
  items?: ModelItem[];
  /** More items failed than may, and the first that is too many cancels the others: which ones ran is left to time. */
  cancelsItems: boolean;
  failsWorkflow: boolean;
  /** Context keys it wrote. */
  writes: string[];
  /** Skipped only after it was ready: it had waited for writers that all contributed nothing. */
  skippedLate?: boolean;
}

export interface ModelOutcome {
  status: "COMPLETED" | "FAILED";
  tasks: ModelTask[];
  context: JsonObject;
  /** The value of a key that has a reducer, had only these tasks completed; undefined for other keys, and when nothing is left. */
  reducedOver(key: string, completed: (address: string) => boolean): JsonValue | undefined;
}

/** The definition asks for more than a test should run; such cases are not worth their time. */
export class TooMuch extends Error {}

export interface ModelLimits { items: number; characters: number }

interface Declared {
  groupAddress: string;
  task: TaskDefinition;
  address: string;
  keys: string[];
  optionalKeys: string[];
  required: Set<string>;
  readable: Set<string>;
}

type Failure = { code: string; message: string; retryable: boolean; details?: JsonValue; task: string };

/** @throws TooMuch */
export function runModel(definition: WorkflowDefinition, context: JsonObject, handlers: ReadonlyMap<string, Handler>, limits: ModelLimits): Promise<ModelOutcome> {
  return new Model(definition, copy(context), handlers, limits).run();
}

/** What a value is once it has been JSON text. */
function copy<T extends JsonValue>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

class Model {
  readonly #tasks: Declared[];
  readonly #ended = new Map<Declared, ModelTask>();
  readonly #writersOf = new Map<string, Declared[]>();
  readonly #reducers: Map<string, Reducer>;
  /** What the writers of keys with a reducer delivered, by key and in no order. */
  readonly #parts = new Map<string, Map<Declared, JsonValue>>();
  readonly #initial: JsonObject;

  constructor(readonly definition: WorkflowDefinition, readonly context: JsonObject, readonly handlers: ReadonlyMap<string, Handler>, readonly limits: ModelLimits) {
    const groups = flat(definition.groups, "", []);
    const written = new Set(groups.flatMap(({ group }) => group.tasks.flatMap((task) => [...(task.resultKeys ?? [task.name]), ...task.optionalResultKeys])));
    this.#tasks = groups.flatMap((around) => around.group.tasks.map((task) => declare(around, task, written)));
    for (const declared of this.#tasks) {
      for (const key of [...declared.keys, ...declared.optionalKeys]) this.#writersOf.set(key, [...(this.#writersOf.get(key) ?? []), declared]);
    }
    this.#reducers = new Map((definition.reducers ?? []).map(({ key, reducer }) => [key, reducer]));
    this.#initial = { ...context };
  }

  async run(): Promise<ModelOutcome> {
    for (;;) {
      const next = this.#tasks.find((declared) => !this.#ended.has(declared) && this.#predecessors(declared).every((before) => this.#ended.has(before)));
      if (!next) break;
      const ended = this.#canStart(next) ? await this.#startTask(next) : endOf(next, "SKIPPED", { errorCode: "UPSTREAM" });
      this.#ended.set(next, ended);
    }
    const tasks = this.#tasks.map((declared) => this.#ended.get(declared) as ModelTask);
    return { status: tasks.some((task) => task.failsWorkflow) ? "FAILED" : "COMPLETED", tasks, context: this.context, reducedOver: (key, completed) => this.#reduced(key, completed) };
  }

  #startTask(declared: Declared): Promise<ModelTask> | ModelTask {
    const nothingCame = [...declared.required].some((key) => this.#reducers.has(key) && !Object.hasOwn(this.context, key));
    return nothingCame ? endOf(declared, "SKIPPED", { errorCode: "UPSTREAM", skippedLate: true }) : this.#runTask(declared);
  }

  #predecessors(declared: Declared): Declared[] {
    const writers = [...declared.readable].flatMap((key) => this.#writersOf.get(key) ?? []);
    return [...writers, ...this.#runsAfter(declared)];
  }

  #runsAfter({ groupAddress, task }: Declared): Declared[] {
    return task.after.map((name) => (this.#byAddress(`${groupAddress}.${name}`) ?? this.#byAddress(name)) as Declared);
  }

  #byAddress(address: string): Declared | undefined {
    return this.#tasks.find((declared) => declared.address === address);
  }

  /** Asked when everything before it has ended. */
  #canStart(declared: Declared): boolean {
    const keysCame = [...declared.required].every((key) => (this.#reducers.has(key)
      ? !this.#writersOf.get(key)?.some((writer) => this.#ended.get(writer)?.failsWorkflow)
      : Object.hasOwn(this.context, key)));
    const endedWell = this.#runsAfter(declared).every((before) => {
      const { status, errorCode, failsWorkflow } = this.#ended.get(before) as ModelTask;
      return status === "COMPLETED" || (status === "SKIPPED" && errorCode === "CONDITION") || (status === "FAILED" && !failsWorkflow);
    });
    return keysCame && endedWell;
  }

  async #runTask(declared: Declared): Promise<ModelTask> {
    const { task } = declared;
    for (let attempt = 1; ; attempt++) {
      try {
        const scope = this.#scope(declared, { $attempt: attempt });
        if (task.when !== undefined && !(await evaluateCondition(compileExpression(task.when), scope))) return endOf(declared, "SKIPPED", { errorCode: "CONDITION" });
        if (task.expansion) return await this.#runItems(declared, task.expansion, scope, attempt);
        const result = await this.#call(declared, await compileTemplate(task.input ?? null).render(scope), attempt);
        await validate(declared, scope, result);
        return this.#complete(declared, result, attempt);
      } catch (error) {
        const failure = failureOf(error, declared.address);
        if (isFinal(task, failure, attempt)) return this.#giveUp(declared, failure, attempt);
      }
    }
  }

  async #runItems(declared: Declared, expansion: ExpansionDefinition, scope: Scope, attempt: number): Promise<ModelTask> {
    const { items: expanded, shape } = await new TaskExpansion(expansion).expand(scope, { expanders: EXPANDERS });
    if (expanded.length > this.limits.items) throw new TooMuch();
    const items: ModelItem[] = [];
    for (const { identifier, variables } of expanded) items.push(await this.#runItem(declared, identifier, copy(variables), items.length));
    try {
      const failed = items.filter(({ status }) => status === "FAILED").length;
      if (failed > tolerated(expansion, items.length)) {
        const ended = await this.#giveUp(declared, failureOf(new FanwireError("TOLERANCE_EXCEEDED", ""), declared.address), attempt);
        return { ...ended, items, cancelsItems: expansion.failFast };
      }
      const output = expansion.reduce === undefined
        ? collectOutput(expansion, items, shape)
        : (await compileExpression(expansion.reduce).evaluate(this.#scope(declared, { $attempt: attempt, $results: collectResults(expansion, items) }))) ?? null;
      return { ...this.#complete(declared, output, attempt), items };
    } catch (error) {
      return { ...(await this.#giveUp(declared, failureOf(error, declared.address), attempt)), items };
    }
  }

  async #runItem(declared: Declared, identifier: string, variables: JsonObject, index: number): Promise<ModelItem> {
    for (let attempt = 1; ; attempt++) {
      try {
        const scope = itemScope(this.#scope(declared, { $attempt: attempt }), { variables }, index);
        const input = await compileTemplate(declared.task.input ?? null).render(scope);
        const call = (given: JsonValue): Promise<JsonValue> => this.#call(declared, given, attempt);
        const result = await (declared.task.expansion?.batchSize === undefined ? call(input) : asBatchOfOne(call, input));
        const invalid = invalidItemResult(nodeOf(declared), result);
        await validate(declared, scope, result);
        if (invalid) throw invalid;
        return { identifier, variables, status: "COMPLETED", attempt, result };
      } catch (error) {
        const failure = failureOf(error, `${declared.address}[${identifier}]`);
        if (isFinal(declared.task, failure, attempt)) return { identifier, variables, status: "FAILED", attempt, error: failure };
      }
    }
  }

  async #call({ task, address }: Declared, input: JsonValue, attempt: number): Promise<JsonValue> {
    const handler = this.handlers.get(task.handler) as Handler;
    const answer = await handler.run({
      input: copy(input), workflowId: "model", task: address, attempt, idempotencyKey: "", signal: new AbortController().signal, progress: () => {}, heartbeat: () => {}, log: () => {},
    });
    if (answer instanceof WaitForSignal) throw new Error("The model has nobody who answers");
    const result = copy(((answer instanceof CompleteLater ? answer.result : answer) ?? null) as JsonValue);
    if (JSON.stringify(result).length > this.limits.characters) throw new TooMuch();
    return result;
  }

  /** @throws FanwireError RESULT_INVALID */
  #complete(declared: Declared, result: JsonValue, attempt: number): ModelTask {
    const fields = resultFields(nodeOf(declared), result);
    if ("error" in fields) throw fields.error;
    for (const [key, value] of fields.writes) {
      const reducer = this.#reducers.get(key);
      if (reducer && !fitsReducer(reducer, value)) throw new FanwireError("RESULT_INVALID", "");
    }
    for (const [key, value] of fields.writes) {
      if (this.#reducers.has(key)) this.#combine(key, declared, value);
      else this.context[key] = value;
    }
    if (JSON.stringify(this.context).length > this.limits.characters) throw new TooMuch();
    return endOf(declared, "COMPLETED", { result, attempt, writes: fields.writes.map(([key]) => key) });
  }

  /** Every time from the start, so that no order in which values came is left in it. */
  #combine(key: string, declared: Declared, value: JsonValue): void {
    const parts = this.#parts.get(key) ?? new Map<Declared, JsonValue>();
    this.#parts.set(key, parts.set(declared, value));
    this.context[key] = this.#reduced(key, () => true) as JsonValue;
  }

  #reduced(key: string, completed: (address: string) => boolean): JsonValue | undefined {
    const reducer = this.#reducers.get(key);
    if (!reducer) return undefined;
    const parts = this.#parts.get(key);
    const inOrder = this.#tasks.filter((task) => parts?.has(task) && completed(task.address)).map((task) => parts?.get(task) as JsonValue);
    return combined(reducer, Object.hasOwn(this.#initial, key) ? this.#initial[key] : undefined, inOrder);
  }

  async #giveUp(declared: Declared, error: Failure, attempt: number): Promise<ModelTask> {
    const { onFailure, fallback } = declared.task;
    if (onFailure !== "FALLBACK") return endOf(declared, "FAILED", { errorCode: error.code, attempt, failsWorkflow: onFailure === "FAIL" });
    try {
      const result = await compileTemplate(fallback as JsonValue).render(this.#scope(declared, { $attempt: attempt, $error: error }));
      return { ...this.#complete(declared, copy(result), attempt), errorCode: error.code };
    } catch (second) {
      return endOf(declared, "FAILED", { errorCode: failureOf(second, declared.address).code, attempt, failsWorkflow: true });
    }
  }

  #scope({ task, readable }: Declared, dollars: JsonObject): Scope {
    const all = { ...dollars, $workflow: { id: "model", name: this.definition.name } };
    return {
      get: (name) => {
        if (name.startsWith("$")) return Object.hasOwn(all, name) ? (all as JsonObject)[name] : undefined;
        if (readable.has(name) && Object.hasOwn(this.context, name)) return this.context[name];
        return task.optionalDependencies.includes(name) ? null : undefined;
      },
      names: () => [...Object.keys(all), ...[...readable].filter((name) => Object.hasOwn(this.context, name))],
    };
  }
}

/** @throws FanwireError RESULT_INVALID */
async function validate({ task, address }: Declared, scope: Scope, result: JsonValue): Promise<void> {
  if (task.resultSchema !== undefined) await checkAgainstSchema(address, task.resultSchema, result);
  if (task.validate === undefined) return;
  const withResult: Scope = { get: (name) => (name === "$result" ? result : scope.get(name)), names: () => [...scope.names(), "$result"] };
  if (await evaluateCondition(compileExpression(task.validate), withResult)) return;
  throw new FanwireError("RESULT_INVALID", `The result of ${address} does not meet its condition: ${task.validate}`, { retryable: true });
}

function endOf(declared: Declared, status: ModelTask["status"], more: Partial<ModelTask>): ModelTask {
  return { address: declared.address, status, attempt: 0, cancelsItems: false, failsWorkflow: false, writes: [], ...more };
}

function failureOf(error: unknown, task: string): Failure {
  if (error instanceof TooMuch) throw error;
  if (!(error instanceof FanwireError)) return { code: "HANDLER_ERROR", message: (error as Error).message, retryable: true, task };
  const { code, message, retryable, details } = error;
  return { code, message, retryable, task, ...(details === undefined ? {} : { details: details as JsonValue }) };
}

function isFinal({ retry }: TaskDefinition, { code, retryable }: Failure, attempt: number): boolean {
  if (!retry || attempt >= retry.maxAttempts || !retryable) return true;
  return retry.nonRetryable.includes(code) || code.startsWith("TEMPLATE_") || code === "EXPRESSION_ERROR";
}

/** Percentages of the tests are whole numbers, so the division is exact enough. */
function tolerated({ toleratedFailures: count, toleratedFailurePercent: percent }: ExpansionDefinition, total: number): number {
  if (count === undefined && percent === undefined) return 0;
  return Math.min(count ?? total, percent === undefined ? total : Math.floor((total * percent) / 100));
}

/** The part of a plan's node that tells which key takes which part of a result. */
function nodeOf({ task, address, keys, optionalKeys }: Declared): PlanNode {
  return { address, task, keys, optionalKeys, expansion: task.expansion } as unknown as PlanNode;
}

interface AroundTask { group: TaskGroupDefinition; address: string; dependencies: string[] }

/** Groups with those inside them after them; what a group waits for, those inside it wait for too. */
function flat(groups: readonly TaskGroupDefinition[], prefix: string, waitsFor: readonly string[]): AroundTask[] {
  return groups.flatMap((group) => {
    const address = `${prefix}${group.name}`;
    const dependencies = [...waitsFor, ...group.dependencies];
    return [{ group, address, dependencies }, ...flat(group.groups ?? [], `${address}.`, dependencies)];
  });
}

function declare({ address: groupAddress, dependencies }: AroundTask, task: TaskDefinition, written: ReadonlySet<string>): Declared {
  const required = new Set([...dependencies, ...task.dependencies]);
  const declaredOptional = new Set(task.optionalDependencies);
  const optional = new Set(task.optionalDependencies);
  const add = (reads: Reads, isVariable: (name: string) => boolean = () => false, maybeVariable = false): void => {
    for (const name of reads.required) if (!isVariable(name)) (declaredOptional.has(name) || (maybeVariable && !written.has(name)) ? optional : required).add(name);
    for (const name of reads.optional) if (!isVariable(name)) optional.add(name);
  };
  const { expansion } = task;
  const variables = Object.keys(expansion ? variablesOf(expansion) : {});
  const sometimes = new Set((expansion?.include ?? []).flatMap((entry) => Object.keys(entry as JsonObject)));
  const inItem = ({ required: names, optional: others }: Reads): void => {
    const isVariable = (name: string): boolean => variables.includes(name);
    for (const name of names) add({ required: [name], optional: [] }, isVariable, expansion?.custom !== undefined || sometimes.has(name));
    add({ required: [], optional: others }, isVariable);
  };
  if (task.when !== undefined) add(compileExpression(task.when).reads);
  if (task.validate !== undefined) inItem(compileExpression(task.validate).reads);
  inItem(compileTemplate(task.input ?? null).reads);
  if (task.fallback !== undefined) add(compileTemplate(task.fallback).reads);
  if (expansion) {
    for (const value of Object.values(variablesOf(expansion))) if (typeof value === "string") add(compileExpression(value).reads);
    if (expansion.custom?.expression !== undefined) add(compileExpression(expansion.custom.expression).reads);
    if (expansion.custom?.args !== undefined) add(compileTemplate(expansion.custom.args).reads);
    if (expansion.filter !== undefined) inItem(compileExpression(expansion.filter).reads);
    if (expansion.identifier !== undefined) inItem(compileTemplate(expansion.identifier).reads);
    if (expansion.reduce !== undefined) add(compileExpression(expansion.reduce).reads);
  }
  const keys = task.resultKeys ?? [task.name];
  return {
    groupAddress, task, address: `${groupAddress}.${task.name}`, keys, optionalKeys: task.optionalResultKeys.filter((key) => !keys.includes(key)),
    required, readable: new Set([...required, ...optional]),
  };
}
