import { useState } from "react";
import { ConsoleItemDocument } from "../../generated/graphql.js";
import type { ConsoleItemsQuery, TaskStatus } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { workflowLink } from "../route.js";
import { lasted } from "../ui/format.js";
import { JsonView } from "../ui/JsonView.js";
import { statusClass, statusName, statusSign } from "../ui/status.js";
import { Answer } from "./Answer.js";
import type { TaskDetail } from "./TaskPanel.js";

type Item = NonNullable<NonNullable<ConsoleItemsQuery["workflow"]>["task"]>["items"]["edges"][number]["node"];

interface ItemRowProps {
  item: Item;
  workflowId: string;
  task: TaskDetail;
  status: TaskStatus[] | undefined;
  /** The cursor of the item before it. */
  after: string | undefined;
  now: number;
}

export function ItemRow(props: ItemRowProps) {
  const { item, now } = props;
  const [open, setOpen] = useState(false);
  return (
    <li className={`item ${statusClass(item.status)}`}>
      <button aria-expanded={open} onClick={() => setOpen(!open)}>
        <i aria-label={statusName(item.status)}>{statusSign(item.status)}</i>
        <code>{item.identifier}</code>
        <span>{item.error ? item.error.code : ""}</span>
        <small>{lasted(item.startedAt, item.finishedAt, now)}{item.attempt > 1 && ` ×${item.attempt}`}</small>
      </button>
      {open && <ItemDetail {...props} />}
    </li>
  );
}

function ItemDetail({ item, workflowId, task, status, after }: ItemRowProps) {
  const query = useQuery(ConsoleItemDocument, { id: workflowId, name: task.name, after, status });
  const found = query.data?.workflow?.task?.items.nodes[0];
  const waits = item.status === "WAITING" && (task.handler === "approval" || task.handler === "signal");
  if (!found) return <div className="item-detail faint">{query.error?.message ?? (query.loading ? "Reading…" : "It has changed its status.")}</div>;
  if (found.identifier !== item.identifier) return <div className="item-detail faint">It has changed its status.</div>;
  return (
    <div className="item-detail">
      {waits && <Answer workflowId={workflowId} task={`${task.name}[${item.identifier}]`} onDone={query.refresh} />}
      {found.error && <p className="error-text"><b>{found.error.code}</b>{found.error.message}</p>}
      {found.childWorkflow && <p>Runs <a href={workflowLink(found.childWorkflow.id)}>{found.childWorkflow.name}</a></p>}
      <div className="json"><JsonView name="variables" value={found.variables} />{found.result !== null && <JsonView name="result" value={found.result} />}</div>
    </div>
  );
}
