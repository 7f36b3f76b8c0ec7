/** One scope of the reference while it runs: who may start, what a name means in it, and what has been written. */

import { FanwireError } from "../../src/errors.js";
import type { StartChild } from "../../src/engine/children.js";
import type { Handler } from "../../src/engine/handlers.js";
import type { Reducer, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { Scope } from "../../src/workflow/expressions/types.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { misfitOf } from "../../src/workflow/reducers.js";
import type { Answers } from "./answers.js";
import { aftersOf, mayHaveVariable, sureVariables, type GroupDecl, type NodeDecl, type ScopeDecl } from "./declared.js";
import { TooMuch, type ModelChild, type ModelLimits, type ModelNode } from "./outcome.js";
import { combined, fitsReducer } from "./reducers.js";

/** What is the same in all scopes of one run. */
export interface Run {
  readonly definition: WorkflowDefinition;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly limits: ModelLimits;
  readonly reducers: ReadonlyMap<string, Reducer>;
  /** @throws FanwireError CHILD_INVALID; TooMuch @param by the attempt that it runs for */
  runChild(asked: StartChild, by: { unit: string; attempt: number }): Promise<ModelChild>;
  readonly answers: Answers;
  /** How many instances there have been. */
  instances: number;
}

/** The instance that a child scope belongs to. */
export interface Instance {
  readonly outside: ModelScope;
  readonly group: GroupDecl;
  /** enrich[3] */
  readonly address: string;
  readonly variables: JsonObject;
  readonly index: number;
}

/** GO, or SKIP at once, or only LATE: after it was ready, because nobody delivered a part of a key with a reducer. */
export type Gate = "GO" | "SKIP" | "LATE";

export class ModelScope {
  readonly values: JsonObject;
  readonly ended = new Map<NodeDecl, ModelNode>();
  readonly #initial: JsonObject;
  /** What the writers of keys with a reducer delivered, by key and in no order. */
  readonly #parts = new Map<string, Map<NodeDecl, JsonValue>>();

  /** @param initial of the workflow; a child scope starts from nothing */
  constructor(readonly decl: ScopeDecl, readonly run: Run, initial: JsonObject, readonly instance?: Instance) {
    this.values = { ...initial };
    this.#initial = initial;
  }

  /** Of a node, or of a group among them. */
  addressOf({ address }: Pick<NodeDecl, "address">): string {
    return this.instance ? `${this.instance.address}${address.slice(this.instance.group.address.length)}` : address;
  }

  /** The first node that waits for nothing more; undefined when all have ended. */
  next(): NodeDecl | undefined {
    const open = this.decl.nodes.filter((node) => !this.ended.has(node));
    const next = open.find((node) => this.predecessors(node).every((before) => this.ended.has(before)));
    if (!next && open.length > 0) throw new Error(`They wait for each other: ${open.map(({ address }) => address).join(", ")}`);
    return next;
  }

  /** All that have to end before it, in this scope. */
  predecessors(node: NodeDecl): NodeDecl[] {
    const writers = [...node.readable].flatMap((name) => this.decl.writersOf.get(name) ?? []);
    return [...writers.filter((writer) => writer !== node), ...aftersOf(node).filter((before) => before.scope === this.decl)];
  }

  /** Asked when everything before it has ended. */
  gate(node: NodeDecl): Gate {
    const came = [...[...node.required].map((name) => this.#comes(name, false)), ...[...node.maybe].map((name) => this.#comes(name, true))];
    const endedWell = node.kind === "GROUP" || node.after.every((before) => this.#endedWell(before));
    if (came.includes("SKIP") || !endedWell) return "SKIP";
    return came.includes("LATE") ? "LATE" : "GO";
  }

  /** @throws FanwireError RESULT_INVALID when a reducer does not take a value; then nothing is written */
  write(node: NodeDecl, writes: readonly [key: string, value: JsonValue][]): void {
    const { reducers, limits } = this.run;
    for (const [key, value] of writes) {
      const reducer = reducers.get(key);
      if (reducer && !fitsReducer(reducer, value)) throw new FanwireError("RESULT_INVALID", `${node.address} gives ${misfitOf(reducer, value)} for ${key}, whose reducer is ${reducer}`);
    }
    for (const [key, value] of writes) {
      if (reducers.has(key)) this.#combine(key, node, value);
      else this.values[key] = value;
    }
    if (JSON.stringify(this.values).length > limits.characters) throw new TooMuch();
  }

  /** A key's value had only these nodes completed; undefined when it has no reducer, or nothing is left. */
  reduced(key: string, completed: (address: string) => boolean): JsonValue | undefined {
    const reducer = this.run.reducers.get(key);
    if (!reducer) return undefined;
    const parts = this.#parts.get(key);
    const inOrder = this.decl.nodes.filter((node) => parts?.has(node) && completed(node.address)).map((node) => parts?.get(node) as JsonValue);
    return combined(reducer, Object.hasOwn(this.#initial, key) ? this.#initial[key] : undefined, inOrder);
  }

  /** What the expressions of a task (not of its items), or of a group's expansion, can see. */
  expressionScope(node: NodeDecl, dollars: JsonObject): Scope {
    const optional = node.kind === "TASK" ? node.task.optionalDependencies : [];
    const all: JsonObject = {
      ...dollars, $workflow: { id: "model", name: this.run.definition.name },
      ...(this.instance ? { $index: this.instance.index, $item: this.instance.variables } : {}),
    };
    const value = (name: string): JsonValue | undefined => (node.readable.has(name) ? this.#find(name) : undefined);
    return {
      get: (name) => {
        if (name.startsWith("$")) return Object.hasOwn(all, name) ? all[name] : undefined;
        const found = value(name);
        return found === undefined && optional.includes(name) ? null : found;
      },
      names: () => [...Object.keys(all), ...[...node.readable].filter((name) => value(name) !== undefined)],
    };
  }

  /** A key that is written here, whether it came or not; else a variable of the item, else what it means further out. */
  #find(name: string): JsonValue | undefined {
    const { instance, decl, values } = this;
    if (!instance || decl.writersOf.has(name)) return Object.hasOwn(values, name) ? values[name] : undefined;
    return hasVariable(instance, name) ? instance.variables[name] : instance.outside.#find(name);
  }

  /**
   * Whether what a node cannot do without has come, by the same way as #find.
   * @param maybe it may be a variable of an item: when nobody writes it, it is only missed when it is evaluated
   */
  #comes(name: string, maybe: boolean): Gate {
    const { instance, decl } = this;
    const writers = decl.writersOf.get(name);
    if (writers) return this.#delivered(name, writers);
    if (!instance) return maybe || Object.hasOwn(this.values, name) ? "GO" : "SKIP";
    if (hasVariable(instance, name)) return "GO";
    const mayBeItems = mayHaveVariable(instance.group.expansion, name);
    const outside = instance.outside.#comes(name, maybe || mayBeItems);
    if (outside === "GO") return "GO";
    if (!mayBeItems) return "SKIP";
    // What did not come from outside is known when the instance starts, but not whether its item has the variable: so the task
    // looks when it runs, and takes what is there, be it of a key that some of its writers failed to add to.
    return instance.outside.#find(name) === undefined ? "LATE" : "GO";
  }

  /** Of a key with a reducer all writers have to end without failing this scope; of another one, its writer has to complete. */
  #delivered(name: string, writers: readonly NodeDecl[]): Gate {
    const ends = writers.map((writer) => this.ended.get(writer) as ModelNode);
    const isReduced = this.run.reducers.has(name);
    if (ends.some(({ failsWorkflow, status }) => (isReduced ? failsWorkflow : status !== "COMPLETED"))) return "SKIP";
    if (Object.hasOwn(this.values, name)) return "GO";
    return isReduced ? "LATE" : "SKIP";
  }

  #endedWell(before: NodeDecl): boolean {
    if (before.scope !== this.decl) return (this.instance as Instance).outside.#endedWell(before);
    const { status, errorCode, failsWorkflow } = this.ended.get(before) as ModelNode;
    return status === "COMPLETED" || (status === "SKIPPED" && errorCode === "CONDITION") || (status === "FAILED" && !failsWorkflow);
  }

  /** Every time from the start, so that no order in which values came is left in it. */
  #combine(key: string, node: NodeDecl, value: JsonValue): void {
    const parts = this.#parts.get(key) ?? new Map<NodeDecl, JsonValue>();
    this.#parts.set(key, parts.set(node, value));
    this.values[key] = this.reduced(key, () => true) as JsonValue;
  }
}

/** An item that a matrix only includes may lack a variable that the others have: the name means the variable all the same. */
function hasVariable({ variables, group }: Instance, name: string): boolean {
  return Object.hasOwn(variables, name) || sureVariables(group.expansion).includes(name);
}
