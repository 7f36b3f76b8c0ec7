/** Finds the instances of an expanded group, and which of the tasks in them can run, given what has come from outside. */

import { nodeKey } from "../engine/nodeKey.js";
import { around, instanceOf, placeOf, type Place } from "../engine/Place.js";
import type { ExpandGroupOutcome, ReopenGroupOutcome, WorkflowReader, WorkflowStore } from "../engine/ports.js";
import { reopenedInstances } from "../engine/reopenInstances.js";
import { instanceStart } from "../engine/TaskGroup.js";
import type { TaskScope } from "../engine/TaskScope.js";
import type { Expanders } from "../workflow/expander.js";
import { toleratedCount } from "../workflow/outputs.js";
import type { Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import { mayBeVariable } from "../workflow/scopes.js";
import { expandItems, INLINE_CHARACTERS, packChunks, storeAhead } from "./expandUnit.js";
import type { LiveUnit } from "./LiveUnit.js";

/** Instances whose variables lie together. */
const CHUNK = 20;
/** Instances admitted at once when the expansion sets no limit: few, so that those that began end before others begin. */
const DEFAULT_WINDOW = 100;

/** @returns undefined when the claim was lost meanwhile */
export async function expandGroupOutcome(
  services: { store: WorkflowStore; reader: WorkflowReader; expanders?: Expanders }, unit: LiveUnit, plan: Plan, node: PlanNode, scope: TaskScope,
): Promise<ExpandGroupOutcome | ReopenGroupOutcome | undefined> {
  const place = placeOf(plan, node, unit.claim);
  const doomed = await doomedInside(services.reader, place, node, scope.values);
  const before = await services.reader.itemEnds(place.workflowId, nodeKey(node.index, place.path));
  if (before.total > 0) {
    return { kind: "reopenGroup", ref: unit.ref, start: instanceStart(plan, node, doomed), instances: await reopenedInstances(services.reader, place, node, doomed) };
  }
  const expansion = node.expansion as NonNullable<PlanNode["expansion"]>;
  const { items, shape } = await expandItems(services.expanders, unit, node, scope);
  const variables = packChunks(items, CHUNK);
  const inline = variables.reduce((sum, text) => sum + text.length, 0) <= INLINE_CHARACTERS;
  if (!inline && !(await storeAhead(services.store, unit, variables))) return undefined;
  return {
    kind: "expandGroup", ref: unit.ref, total: items.length, chunk: CHUNK,
    window: expansion.maxParallel ?? DEFAULT_WINDOW,
    tolerated: toleratedCount(expansion, items.length),
    failFast: expansion.failFast,
    start: instanceStart(plan, node, doomed),
    ...(shape === undefined ? {} : { shape: JSON.stringify(shape) }),
    variables: inline ? variables : [],
  };
}

/**
 * Tasks of the group that can never run, whatever happens inside, and for each the task outside whose fault that is. All that they
 * need from outside has come or can no longer come: the group has waited for it.
 * @param values what the group can see
 */
async function doomedInside(reader: WorkflowReader, place: Place, group: PlanNode, values: ReadonlyMap<string, unknown>): Promise<Map<number, number>> {
  const inside = instanceOf(place, group, 0).scope;
  const doomed = new Map<number, number>();
  for (const node of inside.nodes) {
    const cause = (await missingRead(reader, place, inside, group, node, values)) ?? (await failedBefore(reader, place, node));
    if (cause !== undefined) doomed.set(node.index, cause);
  }
  return doomed;
}

/** A key from outside that the task cannot do without and that did not come, or that a task failed to write. */
async function missingRead(
  reader: WorkflowReader, place: Place, inside: PlanScope, group: PlanNode, node: PlanNode, values: ReadonlyMap<string, unknown>,
): Promise<number | undefined> {
  for (const key of node.reads) {
    // Whether an item has the variable differs from instance to instance; a template that misses it says so.
    if (inside.writerOf.has(key) || mayBeVariable(group.expansion, key)) continue;
    const writing = placeWriting(place, key);
    const reduced = writing?.scope.reduced.get(key);
    for (const writer of reduced?.writers ?? []) if (!(await endedWell(reader, writing as Place, writer, true))) return writer;
    if (!values.has(key)) return reduced?.writers[0] ?? writing?.scope.writerOf.get(key)?.index ?? group.index;
  }
  return undefined;
}

async function failedBefore(reader: WorkflowReader, place: Place, node: PlanNode): Promise<number | undefined> {
  for (const before of node.outerAfter) {
    let at = place;
    while (at.path !== "" && !at.scope.nodes.some(({ index }) => index === before)) at = around(at);
    if (!(await endedWell(reader, at, before, false))) return before;
  }
  return undefined;
}

/** As an edge within one scope decides it, see TaskGroup: AFTER, or REDUCED, to which a task that was skipped does no harm. */
async function endedWell(reader: WorkflowReader, place: Place, index: number, isReduced: boolean): Promise<boolean> {
  const end = await reader.taskEnd(place.workflowId, nodeKey(index, place.path));
  if (end?.status === "COMPLETED") return true;
  if (end?.status === "SKIPPED") return isReduced || end.skippedBy === "C";
  return place.plan.nodes[index]?.task.onFailure === "IGNORE";
}

/** The place outward from here in which some task writes the key. */
function placeWriting(from: Place, key: string): Place | undefined {
  for (let place = from; ; place = around(place)) {
    if (place.scope.writerOf.has(key)) return place;
    if (place.path === "") return undefined;
  }
}
