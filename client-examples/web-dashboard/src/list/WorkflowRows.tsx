import { memo } from "react";
import type { WorkflowRowFragment } from "../../generated/graphql.js";
import { workflowLink } from "../route.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatAgo, formatCount, formatInstant, lasted } from "../ui/format.js";
import { StatusBadge } from "../ui/StatusBadge.js";
import { ended } from "../ui/status.js";

export function WorkflowRows({ rows, now }: { rows: readonly WorkflowRowFragment[]; now: number }) {
  return (
    <ol className="rows" aria-label="Workflows">
      <li className="row head" aria-hidden="true"><span>Status</span><span>Workflow</span><span>Tasks</span><span>Took</span><span>Submitted</span></li>
      {rows.map((row) => (
        <li key={row.id}>
          <Row row={row} took={lasted(row.startedAt, row.finishedAt, now)} ago={formatAgo(row.submittedAt, now)} />
        </li>
      ))}
    </ol>
  );
}

interface RowProps {
  row: WorkflowRowFragment;
  took: string;
  ago: string;
}

const Row = memo(function Row({ row, took, ago }: RowProps) {
  return (
    <a className="row" href={workflowLink(row.id)}>
      <StatusBadge status={row.status} />
      <span className="row-name">
        <b>{row.name}</b>
        <code>{row.id}</code>
        <Labels labels={row.labels} />
        {row.error && <em title={row.error.message}>{row.error.code}{row.error.task ? ` in ${row.error.task}` : ""}: {row.error.message}</em>}
      </span>
      <span className="row-counts">
        <CountsBar counts={row.counts} />
        <small>{formatCount(ended(row.counts))} / {formatCount(row.counts.total)}</small>
      </span>
      <span className="row-took">{took || "–"}</span>
      <time dateTime={row.submittedAt} title={formatInstant(row.submittedAt)}>{ago}</time>
    </a>
  );
});

export function Labels({ labels }: { labels: unknown }) {
  const entries = Object.entries((labels ?? {}) as Record<string, unknown>);
  if (entries.length === 0) return null;
  return <span className="labels">{entries.map(([name, value]) => <span key={name}>{name}={typeof value === "string" ? value : JSON.stringify(value)}</span>)}</span>;
}
