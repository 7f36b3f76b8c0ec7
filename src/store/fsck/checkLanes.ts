/** Checks that every unit that is ready stands in the lane of its handler; what else stands in lanes is only a hint. */

import { readNodeKey } from "../../engine/nodeKey.js";
import { laneOf } from "../../engine/TaskGroup.js";
import { priorityIn } from "../../engine/workflowLanes.js";
import type { Keys } from "../keys.js";
import { entryOf, marksOf } from "../LaneRepair.js";
import { PHASE } from "../wire.js";
import type { Findings } from "./findings.js";
import { unitImages, type WorkflowImage } from "./image.js";
import { NODE, UNIT } from "./kinds.js";
import type { FsckReads } from "./reads.js";

const ENTRY = new RegExp(`^\\S+ ${NODE} (?:-|${UNIT}) \\d+ \\d+$`);

/** @param lanes keys of all lanes that hold something */
export async function checkLanes(keys: Keys, lanes: readonly string[], workflows: ReadonlyMap<string, WorkflowImage>, reads: FsckReads, findings: Findings): Promise<void> {
  const noted = new Set(await reads.members(keys.lanes));
  const queued = new Map<string, Set<string>>();
  for (const lane of lanes) {
    if (!noted.has(lane)) findings.add("LANE_NOT_NOTED", keys.lanes, lane);
    const entries = new Set<string>();
    for await (const entry of reads.list(lane)) {
      if (ENTRY.test(entry)) entries.add(entry);
      else findings.add("LANE_MALFORMED", lane, entry);
    }
    queued.set(lane, entries);
  }
  for (const image of workflows.values()) {
    // Of a paused workflow claims throw out what stands in lanes; resumeWorkflow puts it back.
    if (image.open && image.plan && image.status !== "H") checkQueued(image, keys, queued, findings);
  }
}

function checkQueued(image: WorkflowImage, keys: Keys, queued: ReadonlyMap<string, ReadonlySet<string>>, findings: Findings): void {
  const marks = marksOf(image.id, image.fields["tn"] ?? "", priorityIn(image.fields["ln"]));
  for (const { node, unit, record } of unitImages(image)) {
    const phase = PHASE[record.phase];
    const planNode = image.plan?.nodes[Number(node.split("@", 1)[0])];
    if (record.letter !== "R" || !phase || !planNode) continue;
    const about = { workflowId: image.id, ...readNodeKey(node), unit, attempt: Number(record.attempt), lane: laneOf(planNode, phase) };
    const places = marks.map((mark) => entryOf(keys, about, mark));
    if (!places.some(({ lane, entry }) => queued.get(lane)?.has(entry))) findings.add("UNIT_NOT_QUEUED", image.key, `${places[0]?.entry} is not in ${places[0]?.lane}`);
  }
}
