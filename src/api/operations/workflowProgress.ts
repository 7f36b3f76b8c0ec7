/** Streams counts and percent of one workflow: Subscription.workflowProgress. */

import { Arg, ID, Resolver, Root, Subscription } from "type-graphql";
import type { SubscribeResolverData } from "type-graphql";
import { FanwireError } from "../../errors.js";
import type { WorkflowProgressSnapshot } from "../../events/EventSource.js";
import type { ApiContext } from "../context.js";
import { presentWorkflowProgress } from "../present.js";
import { DurationScalar } from "../scalars.js";
import { WorkflowProgress } from "../types/WorkflowProgress.js";

const THROTTLE_DEFAULT_MS = 250;

interface WorkflowProgressArgs {
  id: string;
  throttle?: number | null;
}

async function subscribe(data: SubscribeResolverData<unknown, WorkflowProgressArgs, ApiContext>): Promise<AsyncIterable<WorkflowProgressSnapshot>> {
  const { args: { id, throttle }, context } = data;
  // Progress is read by workflow id alone, so this read is what keeps a caller to the own workflows.
  if (!(await context.reads.snapshot(id))) throw new FanwireError("NOT_FOUND", `There is no workflow ${id}.`);
  return context.events.progress(id, throttle ?? THROTTLE_DEFAULT_MS);
}

@Resolver()
export class WorkflowProgressSubscription {
  @Subscription(() => WorkflowProgress, {
    subscribe,
    description: "How far a workflow is: a snapshot at once, then one whenever counts or status change. The last one shows the end; then it completes.",
  })
  workflowProgress(
    @Root() progress: WorkflowProgressSnapshot,
    @Arg("id", () => ID, { description: "The workflow's id." }) _id: string,
    @Arg("throttle", () => DurationScalar, { nullable: true, defaultValue: THROTTLE_DEFAULT_MS, description: "At least this long between two snapshots." })
    _throttle?: number | null,
  ): WorkflowProgress {
    return presentWorkflowProgress(progress);
  }
}
