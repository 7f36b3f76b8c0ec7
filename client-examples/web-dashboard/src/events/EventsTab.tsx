import { useRef, useState } from "react";
import type { ConsoleEventFragment, EventType } from "../../generated/graphql.js";
import { formatCount } from "../ui/format.js";
import { Notice } from "../ui/Notice.js";
import { isEnd } from "../ui/status.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import { EventPages } from "./EventPages.js";
import { EventRows } from "./EventRows.js";
import { useEventFeed } from "./useEventFeed.js";

/** Logs of this many tasks and items are followed from their beginning; longer ones from now, or read by pages. */
const WHOLE_LOG_TASKS = 1_000;
const KEPT = 5_000;
const SHOWN_STEP = 200;

const KINDS: readonly { name: string; types: EventType[] | undefined }[] = [
  { name: "all", types: undefined },
  { name: "workflow", types: ["WORKFLOW_SUBMITTED", "WORKFLOW_STARTED", "WORKFLOW_PAUSED", "WORKFLOW_RESUMED", "WORKFLOW_RETRIED", "WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED", "WORKFLOW_TIMED_OUT"] },
  { name: "groups", types: ["GROUP_STARTED", "GROUP_COMPLETED", "GROUP_FAILED"] },
  { name: "failures", types: ["TASK_FAILED", "TASK_RETRYING", "TASK_TIMED_OUT", "WORKFLOW_FAILED", "WORKFLOW_TIMED_OUT"] },
  { name: "progress", types: ["TASK_PROGRESS"] },
  { name: "context", types: ["CONTEXT_UPDATED"] },
];

export function EventsTab({ workflow }: { workflow: WorkflowState }) {
  const long = workflow.counts.total > WHOLE_LOG_TASKS;
  const [kind, setKind] = useState(0);
  const [text, setText] = useState("");
  const [pages, setPages] = useState(long && isEnd(workflow.status));
  const types = KINDS[kind]?.types;
  return (
    <div className="events">
      <div className="filters">
        <label className="search"><span aria-hidden="true">⌕</span><input type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="Task, item, key or error" aria-label="Search the events shown" /></label>
        <div className="chips" role="group" aria-label="Kinds of events">
          {KINDS.map(({ name }, index) => <button key={name} className="chip" aria-pressed={index === kind} onClick={() => setKind(index)}>{name}</button>)}
        </div>
        {long && <button onClick={() => setPages(!pages)}>{pages ? "Follow live" : "Read from the beginning"}</button>}
      </div>
      {pages ? <EventPages key={kind} id={workflow.id} types={types} matches={matcher(text)} /> : <Followed workflow={workflow} types={types} long={long} matches={matcher(text)} />}
    </div>
  );
}

interface FollowedProps {
  workflow: WorkflowState;
  types: EventType[] | undefined;
  long: boolean;
  matches(event: ConsoleEventFragment): boolean;
}

/** The newest on top, as they come; holding it stops the drawing, not the reading. */
function Followed({ workflow, types, long, matches }: FollowedProps) {
  const [held, setHeld] = useState<readonly ConsoleEventFragment[] | undefined>();
  const [shown, setShown] = useState(SHOWN_STEP);
  const feed = useEventFeed(workflow.id, { ...(long ? { after: "LATEST" } : {}), ...(types ? { types } : {}), keep: KEPT, active: true }, useReopened(workflow));
  const found = (held ?? feed.events).filter(matches);
  const newest = found.slice(-shown).reverse();
  return (
    <>
      <div className="event-bar">
        <span>{formatCount(found.length + (held ? 0 : feed.dropped))} events{long && " since you opened this"}</span>
        {held && <b>{formatCount(Math.max(0, feed.events.length + feed.dropped - held.length))} more since</b>}
        <button aria-pressed={held === undefined} onClick={() => setHeld(held ? undefined : feed.events)}>{held ? "Follow" : "Hold"}</button>
      </div>
      {newest.length === 0 ? <Notice kind="empty" title="No events">They appear here as they are recorded.</Notice> : <EventRows events={newest} workflowId={workflow.id} />}
      {found.length > shown && <button onClick={() => setShown(shown + SHOWN_STEP)}>Earlier ones</button>}
    </>
  );
}

/** How often the workflow was seen to be open again after its end: its log, which had been told to its end, is followed anew. */
function useReopened({ status }: WorkflowState): number {
  const seen = useRef({ ended: false, times: 0 });
  if (isEnd(status)) seen.current.ended = true;
  else if (seen.current.ended) seen.current = { ended: false, times: seen.current.times + 1 };
  return seen.current.times;
}

function matcher(text: string): (event: ConsoleEventFragment) => boolean {
  const wanted = text.trim().toLowerCase();
  return (event) => wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted);
}
