import { useState } from "react";
import { SignalTaskDocument } from "../../generated/graphql.js";
import type { SignalOutcome } from "../../generated/graphql.js";
import { request } from "../api/request.js";
import { JsonInput } from "../ui/JsonInput.js";
import { parseJson } from "../ui/parseJson.js";
import { Problems } from "../ui/Problems.js";
import { useAction } from "../ui/useAction.js";

interface AnswerProps {
  workflowId: string;
  /** With the item in brackets when it is one of an expansion. */
  task: string;
  onDone(): void;
}

/** For a task that waits for somebody: yes or no, and what goes with it. */
export function Answer({ workflowId, task, onDone }: AnswerProps) {
  const [text, setText] = useState("");
  const action = useAction();
  const { value, error } = parseJson(text);
  const send = async (outcome: SignalOutcome): Promise<void> => {
    const input = { workflowId, task, outcome, ...(value === undefined ? {} : { payload: value }) };
    if (await action.run(async () => (await request(SignalTaskDocument, { input })).signalTask.problems)) onDone();
  };
  return (
    <div className="answer">
      <JsonInput label="Answer to send along (JSON, optional)" text={text} placeholder={'{"by": "me"}'} onChange={setText} />
      <div className="buttons">
        <button className="main" disabled={action.busy || error !== undefined} onClick={() => void send("APPROVE")}>Approve</button>
        <button className="danger" disabled={action.busy || error !== undefined} onClick={() => void send("REJECT")}>Reject</button>
      </div>
      <Problems problems={action.problems} />
    </div>
  );
}
