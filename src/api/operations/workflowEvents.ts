/** Streams the log of one workflow: Subscription.workflowEvents. */

import { Arg, ID, Resolver, Root, Subscription } from "type-graphql";
import type { SubscribeResolverData } from "type-graphql";
import { FanwireError } from "../../errors.js";
import type { EventType, WorkflowEvent as EventRecord } from "../../workflow/events.js";
import type { ApiContext } from "../context.js";
import { presentEvent } from "../present.js";
import { CursorScalar } from "../scalars.js";
import { selects } from "../selection.js";
import { EventTypeEnum } from "../types/enums.js";
import { WorkflowEvent } from "../types/WorkflowEvent.js";

interface WorkflowEventsArgs {
  id: string;
  after?: string | null;
  types?: EventType[] | null;
}

async function subscribe(data: SubscribeResolverData<unknown, WorkflowEventsArgs, ApiContext>): Promise<AsyncIterable<EventRecord>> {
  const { args: { id, after, types }, context, info } = data;
  // Events are read by workflow id alone, so this read is what keeps a caller to the own workflows.
  if (!(await context.reads.snapshot(id))) throw new FanwireError("NOT_FOUND", `There is no workflow ${id}.`);
  return context.events.subscribe(id, {
    after: after ?? undefined,
    types: types ?? undefined,
    withResults: selects(info, [""], ["result"]),
  });
}

@Resolver()
export class WorkflowEventsSubscription {
  @Subscription(() => WorkflowEvent, {
    subscribe,
    description:
      "Every event of one workflow, in order: first those that are recorded already, then live, without a gap or a duplicate between them. " +
      "To go on after a lost connection, give the last event's cursor as `after`. Completes after the event that ends the workflow.",
  })
  workflowEvents(
    @Root() event: EventRecord,
    @Arg("id", () => ID, { description: "The workflow's id." }) _id: string,
    @Arg("after", () => CursorScalar, {
      nullable: true,
      description: 'Only events behind this one; by default from the beginning; "LATEST" for those still to come.',
    })
    _after?: string | null,
    @Arg("types", () => [EventTypeEnum], { nullable: true, description: "Only events of these types." }) _types?: EventType[] | null,
  ): WorkflowEvent {
    return presentEvent(event);
  }
}
