/** Streams the events of many workflows: Subscription.events. */

import { Arg, Resolver, Root, Subscription } from "type-graphql";
import type { SubscribeResolverData } from "type-graphql";
import type { WorkflowEvent as EventRecord } from "../../workflow/events.js";
import type { ApiContext } from "../context.js";
import { EventFilter } from "../inputs/EventFilter.js";
import { presentEvent, toEventFilter } from "../present.js";
import { CursorScalar } from "../scalars.js";
import { selects } from "../selection.js";
import { WorkflowEvent } from "../types/WorkflowEvent.js";

interface EventsArgs {
  filter?: EventFilter | null;
  after?: string | null;
}

function subscribe({ args: { filter, after }, context, info }: SubscribeResolverData<unknown, EventsArgs, ApiContext>): AsyncIterable<EventRecord> {
  return context.events.subscribeAll(context.caller.tenant, toEventFilter(filter), {
    ...(after == null ? {} : { after }),
    withResults: selects(info, [""], ["result"]),
  });
}

@Resolver()
export class EventsSubscription {
  @Subscription(() => WorkflowEvent, {
    subscribe,
    description:
      "Events of many workflows: those that match the filter, including ones of workflows submitted later. Each comes exactly once, and those of one workflow in order. " +
      "Without `after` it begins with what happens from now on. To go on after a lost connection, on any server, give the last event's cursor as `after`; it lasts for the server's retention " +
      "time, or less when FEED_LENGTH steps have followed. Cursors of this subscription and of workflowEvents do not fit each other. Events that were deleted with their workflow are left out. Never completes by itself.",
  })
  events(
    @Root() event: EventRecord,
    @Arg("filter", () => EventFilter, { nullable: true, description: "By default every event." }) _filter?: EventFilter | null,
    @Arg("after", () => CursorScalar, {
      nullable: true,
      description: 'Only events behind this one, of a subscription like this; by default, and with "LATEST", those still to come. CURSOR_EXPIRED when the events that follow are no longer kept, CURSOR_AHEAD when the store has lost its newest ones.',
    })
    _after?: string | null,
  ): WorkflowEvent {
    return presentEvent(event);
  }
}
