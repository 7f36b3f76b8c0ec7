/** The context as values: JSON parsed, views over items assembled, and what workers have read kept for their next task. */

import { isUndoable } from "../workflow/compensations.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { collectOutput, resultFields, type ItemOutcome as ItemResult } from "../workflow/outputs.js";
import type { Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import { reduceParts } from "../workflow/reducers.js";
import { isSurelyVariable } from "../workflow/scopes.js";
import { nodeKey, splitPath } from "./nodeKey.js";
import { around, instanceOf, rootPlace, type Place } from "./Place.js";
import { SESSION } from "./TaskScope.js";
import type { ItemOutcome, WorkflowReader } from "./ports.js";
import { ValueCache } from "./ValueCache.js";

/** Larger values of an initial context are left to be read by whoever needs them. */
const EXPECTED_CHARACTERS = 16 * 1024;
/** Instances whose values are read in one round trip. */
const INSTANCES_PER_READ = 500;

/** A context key's text that is no JSON: `@<task>`, the output of that expanded task or group. */
function viewOf(text: string): number | undefined {
  return text.startsWith("@") ? Number(text.slice(1)) : undefined;
}

export class ContextReader {
  /** Keys without a reducer are written once, so what was read stays true; the others, and those that may be undone, are not kept. */
  readonly #cache = new ValueCache();

  constructor(private readonly reader: WorkflowReader) {}

  /** What was read may have been lost, and be written anew. */
  forget(): void {
    this.#cache.clear();
  }

  /** Values of the keys that are present, as they stand now: a key with a reducer combines what has been delivered so far. */
  async read(workflowId: string, plan: Plan, keys?: readonly string[]): Promise<JsonObject> {
    const place = rootPlace(workflowId, plan);
    const texts = await this.reader.contextTexts(workflowId, keys);
    const context: JsonObject = {};
    for (const [key, text] of texts) if (!plan.root.reduced.has(key)) context[key] = await this.#value(place, key, text);
    for (const [key, value] of await this.#reduced(place, keys, texts)) context[key] = value;
    return context;
  }

  /** As read, and under the keys of expanded tasks that still run with SEPARATE what has ended of their items. Tasks wait for all of it. */
  async readNow(workflowId: string, plan: Plan, keys?: readonly string[]): Promise<JsonObject> {
    const context = await this.read(workflowId, plan, keys);
    for (const node of plan.root.nodes) {
      if (node.kind !== "TASK" || node.expansion?.outputFormat !== "SEPARATE") continue;
      const growing = node.keys.filter((key) => !Object.hasOwn(context, key) && !plan.root.reduced.has(key) && (keys?.includes(key) ?? true));
      if (growing.length === 0 || (await this.reader.taskEnd(workflowId, node.index))?.status !== "RUNNING") continue;
      const { outcomes } = await this.reader.itemOutcomes(workflowId, node.index);
      const ended = outcomes.filter(({ status }) => status === "COMPLETED" || status === "FAILED").map(parsed);
      const fields = resultFields(node, collectOutput(node.expansion, ended));
      if (ended.length > 0 && "writes" in fields) for (const [key, value] of fields.writes) if (growing.includes(key)) context[key] = value;
    }
    return context;
  }

  /** The cached values, when all these keys are among them. */
  cached({ workflowId, path }: Place, keys: readonly string[]): ReadonlyMap<string, JsonValue> | undefined {
    return this.#cache.all(cacheKey(workflowId, path), path === "" ? keys : ["$item", ...keys]);
  }

  /**
   * Makes sure that those of the keys that are present are in the cache; answers the cached values as they are seen from the
   * place: its own, the variables of the item that an instance is of (with `$index` and `$item`), and what lies around it; and
   * what TaskScope's SESSION stands for.
   */
  async load(place: Place, keys: readonly string[]): Promise<ReadonlyMap<string, JsonValue>> {
    const known = this.#cache.get(cacheKey(place.workflowId, place.path));
    const values = new Map(known);
    const missing = keys.filter((key) => !values.has(key));
    for (const [key, value] of await this.#own(place, missing)) values.set(key, value);
    if (missing.includes(SESSION) && place.path === "") await this.#loadSession(place, values);
    if (place.path === "") return values;
    await this.#loadItem(place, values);
    const outside = missing.filter((key) => !values.has(key) && !meansInside(place.scope, key));
    if (outside.length === 0) return values;
    const further = await this.load(around(place), outside);
    for (const key of outside) {
      const value = further.get(key);
      if (value === undefined) continue;
      values.set(key, value);
      // What has a reducer is not kept here either: it may still grow. The text is counted where it was read.
      if (!isReduced(around(place), key)) this.#keep(place, key, value, 0);
    }
    return values;
  }

  async #loadSession(place: Place, values: Map<string, JsonValue>): Promise<void> {
    const id = await this.reader.sessionIdOf(place.workflowId);
    values.set(SESSION, { id });
    this.remember(place, SESSION, { id }, id.length);
  }

  /** What a task has written under a key in this place. */
  async written(place: Place, key: string): Promise<JsonValue | undefined> {
    const text = (await this.#texts(place, [key])).get(key);
    return text === undefined ? undefined : this.#value(place, key, text);
  }

  /** A value that was just written, or read. */
  remember({ workflowId, path }: Place, key: string, value: JsonValue, characters: number): void {
    this.#cache.put(cacheKey(workflowId, path), key, value, characters);
  }

  /** The initial context of a workflow that is just being stored. @param context keys without a reducer and JSON texts, alternating */
  expect(workflowId: string, context: readonly string[]): void {
    for (let i = 0; i < context.length; i += 2) {
      const text = context[i + 1] as string;
      // Parsed anew: the caller's own values may change after the submission.
      if (text.length <= EXPECTED_CHARACTERS) this.#cache.put(workflowId, context[i] as string, JSON.parse(text) as JsonValue, text.length);
    }
  }

  /** What tasks have written in this place. */
  async #own(place: Place, keys: readonly string[]): Promise<Map<string, JsonValue>> {
    const { path, scope } = place;
    const wanted = path === "" ? keys.filter((key) => key !== SESSION) : keys.filter((key) => scope.writerOf.has(key));
    const values = new Map<string, JsonValue>();
    if (wanted.length === 0) return values;
    const texts = await this.#texts(place, wanted);
    for (const [key, value] of await this.#reduced(place, wanted, path === "" ? texts : new Map())) values.set(key, value);
    for (const [key, text] of texts) {
      if (scope.reduced.has(key)) continue;
      const value = await this.#value(place, key, text);
      values.set(key, value);
      this.#keep(place, key, value, text.length);
    }
    return values;
  }

  /** Where completed tasks may have to run again nothing is kept. */
  #keep(place: Place, key: string, value: JsonValue, characters: number): void {
    if (!isUndoable(place.plan)) this.remember(place, key, value, characters);
  }

  async #texts({ workflowId, path }: Place, keys: readonly string[]): Promise<Map<string, string>> {
    if (path === "") return this.reader.contextTexts(workflowId, keys);
    const texts = await this.reader.instanceTexts(workflowId, keys.map((key) => ({ path, key })));
    return new Map(keys.flatMap((key, i): [string, string][] => (texts[i] === undefined ? [] : [[key, texts[i]]])));
  }

  /** Variables do not stand before keys that are written in the instance itself. */
  async #loadItem(place: Place, values: Map<string, JsonValue>): Promise<void> {
    if (values.has("$item")) return;
    const item = await this.reader.instanceItem(place.workflowId, place.path, isUndoable(place.plan));
    const variables = item?.variables ?? {};
    const found: [string, JsonValue][] = Object.entries(variables).filter(([name]) => !place.scope.writerOf.has(name));
    found.push(["$item", variables], ["$index", splitPath(place.path).index]);
    for (const [name, value] of found) {
      values.set(name, value);
      this.#keep(place, name, value, 20);
    }
  }

  async #value(place: Place, key: string, text: string): Promise<JsonValue> {
    const node = viewOf(text);
    return node === undefined ? (JSON.parse(text) as JsonValue) : this.outputOf(place, place.plan.nodes[node] as PlanNode, key);
  }

  /** Values of those keys (undefined: of all) that have a reducer, from their initial values on. Absent ones are left out. */
  async #reduced(place: Place, keys: readonly string[] | undefined, initial: ReadonlyMap<string, string>): Promise<Map<string, JsonValue>> {
    const { workflowId, path, scope } = place;
    const values = new Map<string, JsonValue>();
    if (scope.reduced.size === 0) return values;
    for (const key of keys ?? scope.reduced.keys()) {
      const reduced = scope.reduced.get(key);
      if (!reduced) continue;
      const parts: JsonValue[] = [];
      for (const [node, text] of await this.reader.completedResults(workflowId, reduced.writers, path)) {
        parts.push(...(await this.#partOf(place, place.plan.nodes[node] as PlanNode, key, text)));
      }
      const start = initial.get(key);
      const value = reduceParts(reduced.reducer, start === undefined ? undefined : (JSON.parse(start) as JsonValue), parts);
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  /** What a completed task contributes to a key: one value, or none when its result lacks an optional field. */
  async #partOf(place: Place, node: PlanNode, key: string, text: string | undefined): Promise<JsonValue[]> {
    if (text === undefined && !node.expansion) return [];
    if (text === undefined && node.kind === "GROUP") return [await this.outputOf(place, node, key)];
    const result = text === undefined ? await this.outputOf(place, node) : (JSON.parse(text) as JsonValue);
    const fields = resultFields(node, result);
    return "error" in fields ? [] : fields.writes.filter(([name]) => name === key).map(([, value]) => value);
  }

  /** The output of an expanded task, made of its items; of one key when the task writes several. Of a group that of one key. */
  async outputOf(place: Place, node: PlanNode, key?: string): Promise<JsonValue> {
    const { workflowId, path } = place;
    const expansion = node.expansion as NonNullable<typeof node.expansion>;
    const { outcomes, shape } = await this.reader.itemOutcomes(workflowId, nodeKey(node.index, path));
    if (node.kind === "GROUP") return collectOutput(expansion, await this.#ofInstances(place, node, outcomes, [key ?? ""], ([value]) => value ?? null), shape);
    const output = collectOutput(expansion, outcomes.map(parsed), shape);
    if (key === undefined) return output;
    const fields = resultFields(node, output);
    return "error" in fields ? null : (fields.writes.find(([name]) => name === key)?.[1] ?? null);
  }

  /** What became of the instances of a group: a completed one results in an object of the keys that the group hands out. */
  async instanceResults(place: Place, node: PlanNode): Promise<ItemResult[]> {
    const { outcomes } = await this.reader.itemOutcomes(place.workflowId, nodeKey(node.index, place.path));
    return this.#ofInstances(place, node, outcomes, node.keys, (values) => Object.fromEntries(node.keys.map((key, i) => [key, values[i] ?? null])));
  }

  async #ofInstances(place: Place, node: PlanNode, outcomes: readonly ItemOutcome[], keys: readonly string[], resultOf: (values: (JsonValue | undefined)[]) => JsonValue): Promise<ItemResult[]> {
    const results: ItemResult[] = [];
    for (let from = 0; from < outcomes.length; from += INSTANCES_PER_READ) {
      const slice = outcomes.slice(from, from + INSTANCES_PER_READ);
      const places = slice.map((_, i) => instanceOf(place, node, from + i));
      const values = await this.#valuesIn(places, keys);
      slice.forEach((outcome, i) => {
        const result = outcome.status === "COMPLETED" ? { result: resultOf(values[i] as (JsonValue | undefined)[]) } : {};
        results.push({ ...parsed(outcome), ...result });
      });
    }
    return results;
  }

  /** Per place the values of the keys that are written in it; one round trip for those that are no views. */
  async #valuesIn(places: readonly Place[], keys: readonly string[]): Promise<(JsonValue | undefined)[][]> {
    const texts = await this.reader.instanceTexts(places[0]?.workflowId ?? "", places.flatMap(({ path }) => keys.map((key) => ({ path, key }))));
    return Promise.all(places.map(async (place, i) => {
      const reduced = await this.#reduced(place, keys, new Map());
      return Promise.all(keys.map(async (key, j) => {
        const text = texts[i * keys.length + j];
        if (place.scope.reduced.has(key)) return reduced.get(key);
        return text === undefined ? undefined : this.#value(place, key, text);
      }));
    }));
  }
}

function cacheKey(workflowId: string, path: string): string {
  return path === "" ? workflowId : `${workflowId}@${path}`;
}

/** A key that is written inside, or a variable of the items: they mean that also when there is none, as when it did not come. */
function meansInside({ writerOf, owner }: PlanScope, key: string): boolean {
  return writerOf.has(key) || isSurelyVariable(owner?.expansion, key);
}

/** Whether a name, seen from here, is a key with a reducer. */
function isReduced(place: Place, key: string): boolean {
  for (let { scope } = place; ; scope = scope.parent) {
    if (scope.reduced.has(key)) return true;
    if (scope.writerOf.has(key) || scope.parent === undefined) return false;
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
