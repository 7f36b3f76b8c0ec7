import { useEffect, useState } from "react";
import { ConsoleItemsDocument } from "../../generated/graphql.js";
import type { CountsFragment, TaskStatus } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatCount } from "../ui/format.js";
import { Notice } from "../ui/Notice.js";
import { useNow } from "../ui/now.js";
import { Section } from "../ui/Section.js";
import { isEnd, shares, statusClass, statusName } from "../ui/status.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import { ItemRow } from "./ItemRow.js";
import type { TaskDetail } from "./TaskPanel.js";

interface ItemsProps {
  workflow: WorkflowState;
  task: TaskDetail;
  counts: CountsFragment;
}

const PAGE = 25;

/** Items by pages and by status: as many elements for a hundred thousand as for fifty. */
export function Items({ workflow, task, counts }: ItemsProps) {
  const [status, setStatus] = useState<TaskStatus | undefined>();
  // The cursors of the pages up to this one, so that there is a way back.
  const [path, setPath] = useState<readonly string[]>([]);
  const after = path.at(-1);
  const filter = status && [status];
  const query = useQuery(ConsoleItemsDocument, { id: workflow.id, name: task.name, first: PAGE, after, status: filter });
  useEffect(query.refresh, [workflow]);
  const now = useNow(!isEnd(task.status));
  const choose = (next: TaskStatus | undefined): void => {
    setStatus(next);
    setPath([]);
  };
  const page = query.data?.workflow?.task?.items;
  return (
    <Section title="Items" aside={formatCount(counts.total)}>
      <CountsBar counts={counts} />
      <div className="item-filter" role="group" aria-label="Statuses of items">
        <button className="chip" aria-pressed={status === undefined} onClick={() => choose(undefined)}>all</button>
        {shares(counts).map(({ status: one, count }) => (
          <button key={one} className={`chip ${statusClass(one)}`} aria-pressed={status === one} onClick={() => choose(one)}>{formatCount(count)} {statusName(one)}</button>
        ))}
      </div>
      {!page && (query.error ? <Notice kind="error" title="The items cannot be read">{query.error.message}</Notice> : <Notice kind="loading" title="Reading the items" />)}
      {page?.edges.length === 0 && <p className="faint">No item {status ? `is ${statusName(status)}` : "yet"}.</p>}
      <ol className="items">
        {page?.edges.map(({ node }, index) => (
          <ItemRow key={node.index} item={node} workflowId={workflow.id} task={task} status={filter} after={index === 0 ? after : page.edges[index - 1]?.cursor} now={now} />
        ))}
      </ol>
      {page && (path.length > 0 || page.pageInfo.hasNextPage) && (
        <div className="pages">
          <span>{formatCount(path.length * PAGE + 1)}–{formatCount(path.length * PAGE + page.edges.length)} of {formatCount(page.totalCount)}</span>
          <button disabled={path.length === 0} onClick={() => setPath(path.slice(0, -1))}>Back</button>
          <button disabled={!page.pageInfo.hasNextPage} onClick={() => page.pageInfo.endCursor && setPath([...path, page.pageInfo.endCursor])}>Next</button>
        </div>
      )}
    </Section>
  );
}
