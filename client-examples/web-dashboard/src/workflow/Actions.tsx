import { useState } from "react";
import { PauseWorkflowDocument, ResumeWorkflowDocument, RetryWorkflowDocument } from "../../generated/graphql.js";
import { request } from "../api/request.js";
import { Problems } from "../ui/Problems.js";
import { isEnd } from "../ui/status.js";
import { useAction } from "../ui/useAction.js";
import { CancelDialog, ProvideDialog, RerunDialog } from "./ActionDialogs.js";
import type { WorkflowState } from "./useWorkflow.js";

interface ActionsProps {
  workflow: WorkflowState;
  /** Keys that somebody supplies while it runs. */
  externalKeys: readonly string[];
  refresh(): void;
}

/** What can be done with a workflow as it stands. */
export function Actions({ workflow, externalKeys, refresh }: ActionsProps) {
  const [dialog, setDialog] = useState<"cancel" | "provide" | "rerun" | undefined>();
  const action = useAction();
  const { id, status } = workflow;
  const close = (): void => {
    setDialog(undefined);
    refresh();
  };
  const pause = () => action.run(async () => (await request(PauseWorkflowDocument, { id })).pauseWorkflow.problems).then(refresh);
  const resume = () => action.run(async () => (await request(ResumeWorkflowDocument, { id })).resumeWorkflow.problems).then(refresh);
  const retry = () => action.run(async () => (await request(RetryWorkflowDocument, { id })).retryWorkflow.problems).then(refresh);
  const open = !isEnd(status);
  return (
    <div className="actions">
      <div className="buttons" role="group" aria-label="Actions">
        {open && externalKeys.length > 0 && <button onClick={() => setDialog("provide")}>Provide context</button>}
        {status === "PAUSED" && <button className="main" disabled={action.busy} onClick={() => void resume()}>Resume</button>}
        {open && status !== "PAUSED" && <button disabled={action.busy} onClick={() => void pause()}>Pause</button>}
        {!open && status !== "COMPLETED" && <button className="main" disabled={action.busy} onClick={() => void retry()} title="Runs again what did not complete; what completed stays.">Retry</button>}
        <button onClick={() => setDialog("rerun")} title="Submits a new workflow with the same definition and context.">Rerun</button>
        {open && <button className="danger" onClick={() => setDialog("cancel")}>Cancel</button>}
      </div>
      <Problems problems={action.problems} />
      {dialog === "cancel" && <CancelDialog id={id} onClose={close} />}
      {dialog === "provide" && <ProvideDialog id={id} keys={externalKeys} onClose={close} />}
      {dialog === "rerun" && <RerunDialog id={id} onClose={close} />}
    </div>
  );
}
