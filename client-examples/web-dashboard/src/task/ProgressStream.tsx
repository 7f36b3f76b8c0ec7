import type { ConsoleEventFragment } from "../../generated/graphql.js";
import { useEventFeed } from "../events/useEventFeed.js";
import { formatClock } from "../ui/format.js";
import { Section } from "../ui/Section.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import type { TaskDetail } from "./TaskPanel.js";

const KEPT = 200;
/** Of larger workflows only what comes from now on is shown: their logs may hold reports by the hundred thousand. */
const SMALL = 1_000;

/** What the handler reports while it runs, for instance the pieces of a streamed answer. */
export function ProgressStream({ workflow, task }: { workflow: WorkflowState; task: TaskDetail }) {
  const feed = useEventFeed(workflow.id, {
    ...(workflow.counts.total > SMALL ? { after: "LATEST" } : {}),
    types: ["TASK_PROGRESS"],
    keep: KEPT,
    active: true,
    matches: (event) => event.__typename === "TaskEvent" && event.task === task.name,
  });
  if (feed.events.length === 0) return null;
  const last = progressOf(feed.events.at(-1));
  return (
    <Section title="Progress" aside={last?.percent != null ? `${Math.round(last.percent)} %` : undefined}>
      {last?.percent != null && <div className="counts-bar s-running"><i style={{ flex: `0 0 ${last.percent}%` }} /></div>}
      <ol className="progress-stream" aria-live="polite">
        {[...feed.events].reverse().map((event) => {
          const progress = progressOf(event);
          return (
            <li key={event.seq}>
              <time>{formatClock(event.at)}</time>
              {event.__typename === "TaskEvent" && event.item && <code>{event.item}</code>}
              <span>{progress?.message ?? ""}{progress?.data != null && <code>{typeof progress.data === "string" ? progress.data : JSON.stringify(progress.data)}</code>}</span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

function progressOf(event: ConsoleEventFragment | undefined) {
  return event?.__typename === "TaskEvent" ? event.progress : undefined;
}
