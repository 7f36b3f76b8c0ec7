import { memo } from "react";
import type { TaskStateFragment } from "../../generated/graphql.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatCount, lasted } from "../ui/format.js";
import { ended, statusClass, statusName, statusSign } from "../ui/status.js";
import type { Placed } from "./layout.js";
import type { TaskBlock } from "./structure.js";

interface TaskNodeProps {
  placed: Placed;
  task: TaskBlock;
  /** Absent in a plan, and for tasks of a group that runs once per item: those stand in its instances. */
  state: TaskStateFragment | undefined;
  selected: boolean;
  onSelect(address: string): void;
  now: number;
}

export const TaskNode = memo(function TaskNode({ placed, task, state, selected, onSelect, now }: TaskNodeProps) {
  const detail = state ? detailOf(state, now) : task.expanded ? "per item" : "";
  const label = `${task.address}, ${state ? statusName(state.status) : task.handler}${detail ? `, ${detail}` : ""}`;
  return (
    <button className={`task-node ${state ? statusClass(state.status) : "s-none"}${task.expanded ? " stacked" : ""}`} data-address={task.address}
      data-status={state?.status} aria-pressed={selected} aria-label={label} onClick={() => onSelect(task.address)}
      style={{ left: placed.x, top: placed.y, width: placed.width, height: placed.height }}>
      <i aria-hidden="true">{state ? statusSign(state.status) : "·"}</i>
      <b>{task.name}</b>
      {state?.counts && state.counts.total > 0
        ? <span className="task-items"><CountsBar counts={state.counts} /><small>{formatCount(ended(state.counts))} / {formatCount(state.counts.total)}</small></span>
        : <small><span>{task.handler}</span><span>{detail}</span></small>}
      {state?.progress?.percent != null && state.status === "RUNNING" && <span className="task-progress" style={{ width: `${state.progress.percent}%` }} />}
    </button>
  );
}, (before, after) => sameNode(before, after));

/** A second that passes redraws only what shows it. */
function sameNode(before: TaskNodeProps, after: TaskNodeProps): boolean {
  const still = after.state?.status !== "RUNNING" || before.now === after.now;
  return still && before.placed === after.placed && before.selected === after.selected && JSON.stringify(before.state) === JSON.stringify(after.state);
}

function detailOf(state: TaskStateFragment, now: number): string {
  const [reason] = state.waitingFor;
  if (state.status === "WAITING" && reason) return reason.kind.toLowerCase();
  if (state.error && state.status !== "COMPLETED") return state.error.code;
  const took = lasted(state.startedAt, state.finishedAt, now);
  return state.attempt > 1 ? `${took} · ×${state.attempt}` : took;
}
