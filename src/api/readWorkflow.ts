/** Reads a workflow as deep as the client looks into it: its header, or the header and every task in one read. */

import type { GraphQLResolveInfo } from "graphql";
import { presentWorkflow } from "./present.js";
import { selects } from "./selection.js";
import type { Workflow } from "./types/Workflow.js";
import type { WorkflowReads } from "./WorkflowReads.js";

/** Fields that need the state of the tasks; with one of them selected, all fields come from that one read and agree. */
const DETAIL_FIELDS = ["groups", "task", "tasks"];

/** `path` leads from the current field to the workflow: "" when it is the field itself. */
export async function readWorkflow(reads: WorkflowReads, id: string, info: GraphQLResolveInfo, path: string): Promise<Workflow | null> {
  const snapshot = await (selects(info, [path], DETAIL_FIELDS) ? reads.detail(id) : reads.snapshot(id));
  return snapshot && presentWorkflow(snapshot);
}
