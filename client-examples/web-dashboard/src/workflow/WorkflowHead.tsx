import { workflowLink } from "../route.js";
import { Labels } from "../list/WorkflowRows.js";
import { CountsBar } from "../ui/CountsBar.js";
import { formatAgo, formatInstant, lasted } from "../ui/format.js";
import { useNow } from "../ui/now.js";
import { StatusBadge } from "../ui/StatusBadge.js";
import { isEnd } from "../ui/status.js";
import { Actions } from "./Actions.js";
import type { WorkflowState } from "./useWorkflow.js";

interface WorkflowHeadProps {
  workflow: WorkflowState;
  externalKeys: readonly string[];
  refresh(): void;
}

export function WorkflowHead({ workflow, externalKeys, refresh }: WorkflowHeadProps) {
  const now = useNow(true);
  return (
    <div className="workflow-head">
      <div className="title-line">
        <h1>{workflow.name}</h1>
        <StatusBadge status={workflow.status} />
        {workflow.partial && <span className="hint" title="It ended without every required task completed; what completed is kept.">partial</span>}
        <code className="id">{workflow.id}</code>
        <Actions workflow={workflow} externalKeys={externalKeys} refresh={refresh} />
      </div>
      <div className="facts">
        <span>submitted <time dateTime={workflow.submittedAt} title={formatInstant(workflow.submittedAt)}>{formatAgo(workflow.submittedAt, now)}</time></span>
        {workflow.startedAt && <span>{isEnd(workflow.status) ? "took" : "running for"} <b>{lasted(workflow.startedAt, workflow.finishedAt, now)}</b></span>}
        <span><b>{Math.floor(workflow.percent)} %</b></span>
        {workflow.parent && <span>for <a href={workflowLink(workflow.parent.id, "graph", workflow.parentTask ?? undefined)}>{workflow.parent.name} / {workflow.parentTask}</a></span>}
        {workflow.rerunOf && <span>rerun of <a href={workflowLink(workflow.rerunOf.id)}>{workflow.rerunOf.id.slice(-8)}</a></span>}
        <Labels labels={workflow.labels} />
      </div>
      <CountsBar counts={workflow.counts} legend />
      {workflow.error && (
        <p className="failure" role="alert">
          <b>{workflow.error.code}</b> {workflow.error.message}
          {workflow.error.task && <> in <a href={workflowLink(workflow.id, "graph", workflow.error.task)}>{workflow.error.task}</a></>}
        </p>
      )}
    </div>
  );
}
