import { useEffect } from "react";
import { ConsoleTaskDocument } from "../../generated/graphql.js";
import type { ConsoleTaskQuery } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { workflowLink } from "../route.js";
import { formatInstant, lasted } from "../ui/format.js";
import { JsonView } from "../ui/JsonView.js";
import { Notice } from "../ui/Notice.js";
import { useNow } from "../ui/now.js";
import { Section } from "../ui/Section.js";
import { StatusBadge } from "../ui/StatusBadge.js";
import { isEnd } from "../ui/status.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";
import { Answer } from "./Answer.js";
import { Attempts } from "./Attempts.js";
import { Items } from "./Items.js";
import { Panel } from "./Panel.js";
import { ProgressStream } from "./ProgressStream.js";
import { WaitingFor } from "./WaitingFor.js";

export type TaskDetail = NonNullable<NonNullable<ConsoleTaskQuery["workflow"]>["task"]>;

interface TaskPanelProps {
  workflow: WorkflowState;
  address: string;
  onClose(): void;
}

export function TaskPanel({ workflow, address, onClose }: TaskPanelProps) {
  const query = useQuery(ConsoleTaskDocument, { id: workflow.id, name: address });
  // Whatever changed the workflow may have changed this task.
  useEffect(query.refresh, [workflow]);
  const task = query.data?.workflow?.task;
  return (
    <Panel title={address} onClose={onClose} badge={task && <StatusBadge status={task.status} />}>
      {task ? <Detail workflow={workflow} task={task} refresh={query.refresh} /> : <Absent query={query} />}
    </Panel>
  );
}

function Absent({ query }: { query: { data: unknown; error: Error | undefined } }) {
  if (query.error) return <Notice kind="error" title="The task cannot be read">{query.error.message}</Notice>;
  if (query.data === undefined) return <Notice kind="loading" title="Reading the task" />;
  return <Notice kind="empty" title="There is no such task yet">Tasks of a group that runs once per item stand in its instances.</Notice>;
}

function Detail({ workflow, task, refresh }: { workflow: WorkflowState; task: TaskDetail; refresh(): void }) {
  const open = !isEnd(task.status);
  const now = useNow(open);
  // Of a task that was retried `startedAt` is the last attempt's.
  const began = task.attempts[0]?.startedAt ?? task.startedAt;
  return (
    <>
      <dl className="facts-list">
        <dt>Handler</dt><dd><code>{task.handler}</code></dd>
        {began && <><dt>Started</dt><dd>{formatInstant(began)}</dd></>}
        {began && <><dt>{open ? "For" : "Took"}</dt><dd>{lasted(began, task.finishedAt, now)}</dd></>}
        {task.childWorkflow && <><dt>Runs</dt><dd><a href={workflowLink(task.childWorkflow.id)}>{task.childWorkflow.name}</a> <StatusBadge status={task.childWorkflow.status} /></dd></>}
      </dl>
      <WaitingFor reasons={task.waitingFor} workflow={workflow} />
      {!task.counts && task.waitingFor.some(({ kind }) => kind === "SIGNAL") && <Answer workflowId={workflow.id} task={task.name} onDone={refresh} />}
      {task.error && (
        <Section title={task.status === "COMPLETED" ? "Error, fallen back from" : "Error"} aside={task.error.retryable ? "could be retried" : "final"}>
          <p className="error-text"><b>{task.error.code}</b>{task.error.message}{task.error.task && task.error.task !== task.name && <> <a href={workflowLink(workflow.id, "graph", task.error.task)}>{task.error.task}</a></>}</p>
          {task.error.details != null && <div className="json"><JsonView value={task.error.details} /></div>}
        </Section>
      )}
      {(open || task.progress) && <ProgressStream workflow={workflow} task={task} />}
      {task.counts && <Items workflow={workflow} task={task} counts={task.counts} />}
      {isEnd(task.status) && task.status === "COMPLETED" && <Section title="Result"><div className="json"><JsonView value={task.result} /></div></Section>}
      {task.readyAt && !task.counts && <Section title="Input"><div className="json"><JsonView value={task.input} /></div></Section>}
      {task.attempts.length > 0 && <Attempts attempts={task.attempts} now={now} />}
    </>
  );
}
