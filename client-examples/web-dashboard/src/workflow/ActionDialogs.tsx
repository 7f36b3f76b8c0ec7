import { useState } from "react";
import { CancelWorkflowDocument, ProvideContextDocument, RerunWorkflowDocument } from "../../generated/graphql.js";
import { request } from "../api/request.js";
import { go, workflowLink } from "../route.js";
import { Dialog } from "../ui/Dialog.js";
import { JsonInput } from "../ui/JsonInput.js";
import { parseJson } from "../ui/parseJson.js";
import { useAction } from "../ui/useAction.js";

interface DialogProps {
  id: string;
  onClose(): void;
}

export function CancelDialog({ id, onClose }: DialogProps) {
  const [reason, setReason] = useState("");
  const action = useAction();
  const cancel = async (): Promise<void> => {
    const variables = { id, reason: reason.trim() || undefined };
    if (await action.run(async () => (await request(CancelWorkflowDocument, variables)).cancelWorkflow.problems)) onClose();
  };
  return (
    <Dialog title="Cancel this workflow?" verb="Cancel the workflow" danger disabled={action.busy} problems={action.problems} onDo={() => void cancel()} onClose={onClose}>
      <p className="faint">Nothing new starts, what runs is told to stop. What it has so far stays readable, and it can be retried.</p>
      <label className="json-input"><span>Reason, kept with it (optional)</span><input value={reason} onChange={(event) => setReason(event.target.value)} /></label>
    </Dialog>
  );
}

export function RerunDialog({ id, onClose }: DialogProps) {
  const [text, setText] = useState("");
  const action = useAction();
  const { value, error } = parseJson(text);
  const rerun = async (): Promise<void> => {
    let made: string | undefined;
    const done = await action.run(async () => {
      const { rerunWorkflow } = await request(RerunWorkflowDocument, { id, context: value });
      made = rerunWorkflow.workflow?.id;
      return rerunWorkflow.problems;
    });
    if (!done) return;
    onClose();
    if (made !== undefined) go(workflowLink(made));
  };
  return (
    <Dialog title="Run it once more" verb="Rerun" disabled={action.busy || error !== undefined} problems={action.problems} onDo={() => void rerun()} onClose={onClose}>
      <p className="faint">A new workflow with the same definition, labels and initial context.</p>
      <JsonInput label="Context to add or replace (JSON object, optional)" text={text} placeholder={'{"key": "value"}'} onChange={setText} />
    </Dialog>
  );
}

export function ProvideDialog({ id, keys, onClose }: DialogProps & { keys: readonly string[] }) {
  const [key, setKey] = useState(keys[0] ?? "");
  const [text, setText] = useState("");
  const action = useAction();
  const { value, error } = parseJson(text);
  const provide = async (): Promise<void> => {
    if (await action.run(async () => (await request(ProvideContextDocument, { id, values: { [key]: value } })).provideContext.problems)) onClose();
  };
  return (
    <Dialog title="Provide context" verb="Provide" disabled={action.busy || error !== undefined || value === undefined} problems={action.problems} onDo={() => void provide()} onClose={onClose}>
      <p className="faint">Tasks that wait for the key go on. The first value of a key stays.</p>
      <label className="json-input"><span>Key</span><select value={key} onChange={(event) => setKey(event.target.value)}>{keys.map((one) => <option key={one}>{one}</option>)}</select></label>
      <JsonInput label="Value (JSON)" text={text} placeholder={'42, "text" or {"a": 1}'} onChange={setText} />
    </Dialog>
  );
}
