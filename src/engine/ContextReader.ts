/** The context as values: JSON parsed, views over items assembled, and what workers have read kept for their next task. */

import type { TaskError } from "../workflow/events.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { collectOutput, resultFields, type ItemOutcome as ItemResult } from "../workflow/outputs.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { reduceParts } from "../workflow/reducers.js";
import { SESSION } from "./TaskScope.js";
import type { ItemOutcome, WorkflowReader } from "./ports.js";

/** Text kept for workers, over all workflows, in characters. */
const CACHE_CHARACTERS = 64 * 1024 * 1024;

/** What an entry costs besides its text. */
const WORKFLOW_OVERHEAD = 300;
const VALUE_OVERHEAD = 100;

/** Larger values of an initial context are left to be read by whoever needs them. */
const EXPECTED_CHARACTERS = 16 * 1024;

interface Cached { values: Map<string, JsonValue>; characters: number }

/** A context key's text that is no JSON: `@<task>`, the output of that expanded task. */
function viewOf(text: string): number | undefined {
  return text.startsWith("@") ? Number(text.slice(1)) : undefined;
}

export class ContextReader {
  /** In order of last use. Keys without a reducer are written once, so what was read stays true; the others are not kept. */
  readonly #cache = new Map<string, Cached>();
  #characters = 0;

  constructor(private readonly reader: WorkflowReader) {}

  /** Values of the keys that are present, as they stand now: a key with a reducer combines what has been delivered so far. */
  async read(workflowId: string, plan: Plan, keys?: readonly string[]): Promise<JsonObject> {
    const texts = await this.reader.contextTexts(workflowId, keys);
    const context: JsonObject = {};
    for (const [key, text] of texts) if (!plan.reduced.has(key)) context[key] = await this.#value(workflowId, plan, key, text);
    for (const [key, value] of await this.#reduced(workflowId, plan, keys, texts)) context[key] = value;
    return context;
  }

  /** The cached values, when all these keys are among them. */
  cached(workflowId: string, keys: readonly string[]): ReadonlyMap<string, JsonValue> | undefined {
    const entry = this.#cache.get(workflowId);
    if (!entry) return keys.length === 0 ? new Map() : undefined;
    for (const key of keys) if (!entry.values.has(key)) return undefined;
    this.#cache.delete(workflowId);
    this.#cache.set(workflowId, entry);
    return entry.values;
  }

  /** Makes sure that those of the keys that are present in the context are in the cache, and what TaskScope's SESSION stands for; answers the workflow's cached values. */
  async load(workflowId: string, plan: Plan, keys: readonly string[]): Promise<ReadonlyMap<string, JsonValue>> {
    const known = this.#cache.get(workflowId)?.values;
    const missing = keys.filter((key) => !known?.has(key));
    const values = new Map(known);
    if (missing.includes(SESSION)) {
      const id = await this.reader.sessionIdOf(workflowId);
      values.set(SESSION, { id });
      this.remember(workflowId, SESSION, { id }, id.length);
    }
    const texts = await this.reader.contextTexts(workflowId, missing.filter((key) => key !== SESSION));
    for (const [key, value] of await this.#reduced(workflowId, plan, missing, texts)) values.set(key, value);
    for (const [key, text] of texts) {
      if (plan.reduced.has(key)) continue;
      const value = await this.#value(workflowId, plan, key, text);
      values.set(key, value);
      this.remember(workflowId, key, value, text.length);
    }
    return values;
  }

  /** A value that was just written, or read. */
  remember(workflowId: string, key: string, value: JsonValue, characters: number): void {
    let entry = this.#cache.get(workflowId);
    let added = characters + VALUE_OVERHEAD;
    if (!entry) {
      this.#cache.set(workflowId, (entry = { values: new Map(), characters: 0 }));
      added += WORKFLOW_OVERHEAD;
    }
    entry.values.set(key, value);
    entry.characters += added;
    this.#characters += added;
    while (this.#characters > CACHE_CHARACTERS && this.#cache.size > 1) {
      const [oldest, dropped] = this.#cache.entries().next().value as [string, Cached];
      this.#cache.delete(oldest);
      this.#characters -= dropped.characters;
    }
  }

  /** The initial context of a workflow that is just being stored. @param context keys without a reducer and JSON texts, alternating */
  expect(workflowId: string, context: readonly string[]): void {
    for (let i = 0; i < context.length; i += 2) {
      const text = context[i + 1] as string;
      // Parsed anew: the caller's own values may change after the submission.
      if (text.length <= EXPECTED_CHARACTERS) this.remember(workflowId, context[i] as string, JSON.parse(text) as JsonValue, text.length);
    }
  }

  async #value(workflowId: string, plan: Plan, key: string, text: string): Promise<JsonValue> {
    const node = viewOf(text);
    if (node === undefined) return JSON.parse(text) as JsonValue;
    return this.outputOf(workflowId, plan.nodes[node] as PlanNode, key);
  }

  /** Values of those keys (undefined: of all) that have a reducer, from their initial values on. Absent ones are left out. */
  async #reduced(workflowId: string, plan: Plan, keys: readonly string[] | undefined, initial: ReadonlyMap<string, string>): Promise<Map<string, JsonValue>> {
    const values = new Map<string, JsonValue>();
    if (plan.reduced.size === 0) return values;
    for (const key of keys ?? plan.reduced.keys()) {
      const reduced = plan.reduced.get(key);
      if (!reduced) continue;
      const parts: JsonValue[] = [];
      for (const [node, text] of await this.reader.completedResults(workflowId, reduced.writers)) {
        parts.push(...(await this.#partOf(workflowId, plan.nodes[node] as PlanNode, key, text)));
      }
      const start = initial.get(key);
      const value = reduceParts(reduced.reducer, start === undefined ? undefined : (JSON.parse(start) as JsonValue), parts);
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  /** What a completed task contributes to a key: one value, or none when its result lacks an optional field. */
  async #partOf(workflowId: string, node: PlanNode, key: string, text: string | undefined): Promise<JsonValue[]> {
    if (text === undefined && !node.expansion) return [];
    const result = text === undefined ? await this.outputOf(workflowId, node) : (JSON.parse(text) as JsonValue);
    const fields = resultFields(node, result);
    return "error" in fields ? [] : fields.writes.filter(([name]) => name === key).map(([, value]) => value);
  }

  /** The output of an expanded task, made of its items; of one key when the task writes several. */
  async outputOf(workflowId: string, node: PlanNode, key?: string): Promise<JsonValue> {
    const { outcomes, shape } = await this.reader.itemOutcomes(workflowId, node.index);
    const output = collectOutput(node.expansion as NonNullable<typeof node.expansion>, outcomes.map(parsed), shape);
    if (key === undefined) return output;
    const fields = resultFields(node, output);
    return "error" in fields ? null : (fields.writes.find(([name]) => name === key)?.[1] ?? null);
  }
}

export function parsed(outcome: ItemOutcome): ItemResult {
  return {
    identifier: outcome.identifier,
    status: outcome.status,
    ...(outcome.result === undefined ? {} : { result: JSON.parse(outcome.result) as JsonValue }),
    ...(outcome.error === undefined ? {} : { error: outcome.error satisfies TaskError }),
  };
}
