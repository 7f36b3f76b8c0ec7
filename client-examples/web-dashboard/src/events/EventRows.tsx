import { memo } from "react";
import type { ConsoleEventFragment, EventType } from "../../generated/graphql.js";
import { workflowLink } from "../route.js";
import { formatClock, formatCount, formatInstant } from "../ui/format.js";

export function EventRows({ events, workflowId }: { events: readonly ConsoleEventFragment[]; workflowId: string }) {
  return <ol className="event-rows" aria-label="Events">{events.map((event) => <Row key={event.seq} event={event} workflowId={workflowId} />)}</ol>;
}

const Row = memo(function Row({ event, workflowId }: { event: ConsoleEventFragment; workflowId: string }) {
  return (
    <li className={colourOf(event.type)}>
      <span className="seq">{event.seq}</span>
      <time title={formatInstant(event.at)}>{formatClock(event.at)}</time>
      <b>{event.type.toLowerCase().replaceAll("_", " ")}</b>
      <span className="what"><What event={event} workflowId={workflowId} /></span>
    </li>
  );
});

function What({ event, workflowId }: { event: ConsoleEventFragment; workflowId: string }) {
  switch (event.__typename) {
    case "TaskEvent":
      return (
        <>
          <a href={workflowLink(workflowId, "events", event.task)}>{event.task}{event.item && <>[{event.item}]</>}</a>
          {event.attempt > 1 && <small>attempt {event.attempt}</small>}
          {event.itemCount != null && <small>{formatCount(event.itemCount)} items</small>}
          {event.progress && <small>{event.progress.percent != null && `${Math.round(event.progress.percent)} % `}{event.progress.message}</small>}
          {event.error && <em>{event.error.code}: {event.error.message}</em>}
        </>
      );
    case "GroupEvent":
      return <>{event.group}</>;
    case "ContextEvent":
      return <>{event.keys.map((key) => <code key={key}>{key}</code>)}</>;
    case "WorkflowStatusEvent":
      return event.error ? <em>{event.error.code}: {event.error.message}</em> : <>{event.status.toLowerCase()}</>;
  }
}

/** By what the event ends in. */
function colourOf(type: EventType): string {
  const last = type.slice(type.indexOf("_") + 1);
  const known: Record<string, string> = {
    COMPLETED: "s-completed", FAILED: "s-failed", TIMED_OUT: "s-timedout", CANCELLED: "s-cancelled", SKIPPED: "s-skipped", STARTED: "s-running",
    RETRYING: "s-waiting", WAITING: "s-waiting", READY: "s-ready", PROGRESS: "s-running", PAUSED: "s-paused",
  };
  return known[last] ?? "s-pending";
}
