import { useEffect, useState } from "react";
import { ConsoleTimelineDocument } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatCount, formatDuration, lasted } from "../ui/format.js";
import { Notice } from "../ui/Notice.js";
import { useNow } from "../ui/now.js";
import { isEnd, statusClass, statusName, statusSign } from "../ui/status.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import { segmentsOf, ticksOf } from "./segments.js";
import type { Segment, TimelineTask } from "./segments.js";

interface TimelineTabProps {
  workflow: WorkflowState;
  selected: string | undefined;
  onSelect(address: string): void;
}

const PAGE = 100;

export function TimelineTab({ workflow, selected, onSelect }: TimelineTabProps) {
  const [path, setPath] = useState<readonly string[]>([]);
  const query = useQuery(ConsoleTimelineDocument, { id: workflow.id, first: PAGE, after: path.at(-1) });
  useEffect(query.refresh, [workflow]);
  const now = useNow(!isEnd(workflow.status));
  const page = query.data?.workflow?.tasks;
  if (!page) return query.error ? <Notice kind="error" title="The timeline cannot be read">{query.error.message}</Notice> : <Notice kind="loading" title="Reading the timeline" />;
  const fromMs = Date.parse(workflow.submittedAt);
  const lengthMs = Math.max(1, (workflow.finishedAt ? Date.parse(workflow.finishedAt) : now) - fromMs);
  const at = (ms: number): number => Math.min(100, Math.max(0, ((ms - fromMs) / lengthMs) * 100));
  const nowMs = fromMs + lengthMs;
  return (
    <div className="timeline">
      <div className="timeline-axis" aria-hidden="true">
        <span />
        <div>{ticksOf(lengthMs).map((tick) => <i key={tick} style={{ left: `${at(fromMs + tick)}%` }}>{tick === 0 ? "0" : formatDuration(tick)}</i>)}</div>
      </div>
      <ol>
        {page.nodes.map((task) => (
          <li key={task.name}>
            <button className={`timeline-row ${statusClass(task.status)}`} aria-pressed={task.name === selected} onClick={() => onSelect(task.name)}
              aria-label={`${task.name}, ${statusName(task.status)}, ${lasted(task.readyAt, task.finishedAt, nowMs)}`}>
              <span className="timeline-name"><i aria-hidden="true">{statusSign(task.status)}</i>{task.name}</span>
              <Track task={task} segments={segmentsOf(task, nowMs)} at={at} />
            </button>
          </li>
        ))}
      </ol>
      <p className="timeline-key" aria-hidden="true"><span className="queued s-ready" />queued <span className="attempt s-completed" />attempt <span className="attempt s-failed" />failed attempt <span className="wait s-waiting" />wait</p>
      {(path.length > 0 || page.pageInfo.hasNextPage) && (
        <div className="pages">
          <span>{formatCount(path.length * PAGE + 1)}–{formatCount(path.length * PAGE + page.nodes.length)} of {formatCount(page.totalCount)} tasks</span>
          <button disabled={path.length === 0} onClick={() => setPath(path.slice(0, -1))}>Back</button>
          <button disabled={!page.pageInfo.hasNextPage} onClick={() => page.pageInfo.endCursor && setPath([...path, page.pageInfo.endCursor])}>Next</button>
        </div>
      )}
    </div>
  );
}

function Track({ task, segments, at }: { task: TimelineTask; segments: readonly Segment[]; at(ms: number): number }) {
  const last = segments.at(-1);
  const right = last ? at(last.toMs) : 0;
  const length = last ? formatDuration(last.toMs - (segments[0]?.fromMs ?? last.fromMs)) : "";
  const text = last ? length : task.waitingFor[0]?.message ?? statusName(task.status);
  return (
    <span className="track">
      {segments.map((segment, index) => (
        <span key={index} className={`piece ${segment.kind} ${segment.status}`} title={`${segment.text}, ${formatDuration(segment.toMs - segment.fromMs)}`}
          style={{ left: `${at(segment.fromMs)}%`, width: `max(${segment.kind === "attempt" || segment.kind === "items" ? 3 : 0}px, ${at(segment.toMs) - at(segment.fromMs)}%)` }}>
          {segment.kind === "items" && task.counts && <CountsBar counts={task.counts} />}
        </span>
      ))}
      <small style={{ left: `${right}%` }}>{text}</small>
    </span>
  );
}
