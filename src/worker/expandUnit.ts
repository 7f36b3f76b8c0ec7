/** Finds the items of an expanded task and packs them into chunks, the unit in which they are claimed and stored. */

import type { ExpandOutcome, WorkflowStore } from "../engine/ports.js";
import type { HandlerRegistry } from "../engine/handlers.js";
import { laneOf } from "../engine/TaskGroup.js";
import { placesAround } from "../engine/timeLimits.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { Expanders } from "../workflow/expander.js";
import type { Scope } from "../workflow/expressions/types.js";
import { toleratedCount } from "../workflow/outputs.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { Expanded, ExpandedItem, TaskExpansion } from "../workflow/TaskExpansion.js";
import type { LiveUnit } from "./LiveUnit.js";

/** Items claimed at once: past a hundred, more gains nothing. */
const MAX_CHUNK = 100;
/** Items of handlers that take their time are spread over at least so many claims, so that several workers share them. */
const SPREAD = 20;
const MAX_CHUNK_CHARACTERS = 256 * 1024;
/** Items admitted at once when the expansion sets no limit: keeps the lane short, and small workflows served. */
const DEFAULT_WINDOW = 1000;
/** Variables that travel with the expand step; more is stored ahead of it, in slices. */
export const INLINE_CHARACTERS = 512 * 1024;
const FIELDS_PER_SLICE = 100;

/** `origin`: of an item of a compensation, its position among the items of the task. */
export type FoundItem = Pick<ExpandedItem, "identifier" | "variables"> & { readonly origin?: number };

/**
 * @param found items that no expansion makes: those of a compensation
 * @returns undefined when the claim was lost meanwhile
 */
export async function expandOutcome(
  services: { store: WorkflowStore; handlers: Pick<HandlerRegistry, "get">; expanders?: Expanders }, unit: LiveUnit, plan: Plan, node: PlanNode, scope: Scope, found?: readonly FoundItem[],
): Promise<ExpandOutcome | undefined> {
  const expansion = node.expansion as NonNullable<PlanNode["expansion"]>;
  const { items, shape }: { items: readonly FoundItem[]; shape?: number[] } = found ? { items: found } : await expandItems(services.expanders, unit, node, scope);
  const handler = services.handlers.get(node.task.handler);
  const maxParallel = least(expansion.maxParallel, placesAround(plan, node));
  const batch = expansion.batchSize === undefined ? undefined : batchOf(expansion.batchSize, maxParallel);
  // Workers elsewhere are given items one by one; and each has its own silence, unless they go to the handler together.
  const alone = !handler || node.task.heartbeatTimeoutMs !== undefined;
  const chunk = batch ?? (alone ? 1 : chunkSize(items, maxParallel, handler.light ?? false));
  const variables = packChunks(items, chunk);
  // Ranges that go to the handler as they are must not be taken apart.
  if (batch !== undefined) variables.unshift("batch", String(batch));
  const characters = variables.reduce((sum, text) => sum + text.length, 0);
  const inline = characters <= INLINE_CHARACTERS;
  if (!inline && !(await storeAhead(services.store, unit, variables))) return undefined;
  return {
    kind: "expand", ref: unit.ref, total: items.length, chunk,
    window: Math.max(chunk, maxParallel ?? Math.max(DEFAULT_WINDOW, chunk)),
    tolerated: toleratedCount(expansion, items.length),
    failFast: expansion.failFast,
    lane: laneOf(node, "ITEMS"),
    planLane: laneOf(node, "COLLECT"),
    ...(shape === undefined ? {} : { shape: JSON.stringify(shape) }),
    variables: inline ? variables : [],
  };
}

export async function expandItems(expanders: Expanders | undefined, unit: LiveUnit, node: PlanNode, scope: Scope): Promise<Expanded> {
  const expansion = compiledTask(node).expansion as TaskExpansion;
  if (expanders === undefined || node.expansion?.custom?.expander === undefined) return expansion.expand(scope);
  const controller = new AbortController();
  unit.attach(controller);
  try {
    return await expansion.expand(scope, { expanders, signal: controller.signal });
  } finally {
    unit.detach(controller);
  }
}

/** One range is one batch; limits count items, so no batch has more than they allow. */
function batchOf(batchSize: number, maxParallel: number | undefined): number {
  return Math.min(batchSize, maxParallel ?? batchSize);
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function chunkSize(items: readonly FoundItem[], maxParallel: number | undefined, light: boolean): number {
  if (items.length === 0) return 1;
  const bySpread = light ? MAX_CHUNK : Math.min(MAX_CHUNK, Math.ceil(items.length / SPREAD));
  const byParallel = maxParallel === undefined ? MAX_CHUNK : Math.max(1, Math.floor(maxParallel / 4));
  const bySize = Math.max(1, Math.floor(MAX_CHUNK_CHARACTERS / averageCharacters(items)));
  return Math.max(1, Math.min(bySpread, byParallel, bySize));
}

/** Of a sample: exact enough to keep chunks within bounds. */
function averageCharacters(items: readonly FoundItem[]): number {
  const step = Math.max(1, Math.floor(items.length / 20));
  let sampled = 0;
  let characters = 0;
  for (let i = 0; i < items.length; i += step) {
    sampled++;
    characters += JSON.stringify((items[i] as FoundItem).variables).length + 10;
  }
  return characters / sampled;
}

/** Field and text of each chunk, alternating: JSON lists of [identifier, variables], of a compensation [identifier, variables, origin]. */
export function packChunks(items: readonly FoundItem[], chunk: number): string[] {
  const fields: string[] = [];
  for (let from = 0, c = 0; from < items.length; from += chunk, c++) {
    fields.push(`v${c}`, JSON.stringify(items.slice(from, from + chunk).map(({ identifier, variables, origin }) => (origin === undefined ? [identifier, variables] : [identifier, variables, origin]))));
  }
  return fields;
}

export async function storeAhead(store: WorkflowStore, unit: LiveUnit, variables: readonly string[]): Promise<boolean> {
  for (let from = 0; from < variables.length; from += FIELDS_PER_SLICE) {
    if (!unit.holds || !(await store.storeItems(unit.ref, variables.slice(from, from + FIELDS_PER_SLICE)))) return false;
  }
  return true;
}
