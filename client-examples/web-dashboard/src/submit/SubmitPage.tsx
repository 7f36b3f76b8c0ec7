import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { SubmitWorkflowDocument } from "../../generated/graphql.js";
import type { ProblemFragment } from "../../generated/graphql.js";
import { request } from "../api/request.js";
import { DRAFT_KEY } from "../context/DefinitionTab.js";
import { go, workflowLink } from "../route.js";
import { formatCount } from "../ui/format.js";
import { Problems } from "../ui/Problems.js";
import { useAction } from "../ui/useAction.js";
import { FIRST_DRAFT, readDraft } from "./draft.js";
import { Editor } from "./Editor.js";
import { PlanView } from "./PlanView.js";
import { usePlan } from "./usePlan.js";

export default function SubmitPage() {
  const [text, setText] = useState(() => sessionStorage.getItem(DRAFT_KEY) ?? FIRST_DRAFT);
  const settled = useDeferredValue(text);
  const draft = useMemo(() => readDraft(settled), [settled]);
  const plan = usePlan(draft.input);
  const [line, setLine] = useState<{ at: number } | undefined>();
  const action = useAction();
  useEffect(() => sessionStorage.setItem(DRAFT_KEY, settled), [settled]);
  const found: readonly ProblemFragment[] = [
    ...draft.errors.map((error) => ({ code: "UNREADABLE", message: error.message, path: `line ${error.line}` })),
    ...(draft.input ? plan.problems : []),
    ...action.problems.filter(({ message }) => !plan.problems.some((other) => other.message === message)),
  ];
  const lineOf = (path: string): number | undefined => Number(/^line (\d+)$/.exec(path)?.[1] ?? 0) || draft.lineOf(path);
  const marks = found.flatMap(({ path, message }) => (path && lineOf(path) ? [{ line: lineOf(path) as number, message }] : []));
  const pick = (path: string): void => {
    const at = lineOf(path);
    if (at !== undefined) setLine({ at });
  };
  const submit = async (): Promise<void> => {
    const { input } = draft;
    if (!input) return;
    let made: string | undefined;
    await action.run(async () => {
      const { submitWorkflow } = await request(SubmitWorkflowDocument, { input });
      made = submitWorkflow.workflow?.id;
      return submitWorkflow.problems;
    });
    if (made !== undefined) go(workflowLink(made));
  };
  return (
    <div className="submit-page">
      <div className="title-line">
        <h1>Submit a workflow</h1>
        <span className="hint">{plan.loading ? "planning" : plan.valid && draft.input ? `${many(plan.levels, "level")}, ${plan.estimatedTasks == null ? "tasks as results come" : many(plan.estimatedTasks, "task")}` : many(found.length, "problem")}</span>
        <div className="actions"><button className="main" disabled={!draft.input || !plan.valid || action.busy} onClick={() => void submit()}>Submit</button></div>
      </div>
      <div className="submit-halves">
        <Editor text={text} draft={draft} marks={marks} line={line} onChange={setText} />
        <div className="submit-plan">
          <Problems problems={found} onPick={pick} />
          {plan.warnings.length > 0 && <div className="warnings"><Problems problems={plan.warnings} onPick={pick} /></div>}
          <PlanView document={plan.document} nodes={plan.nodes} onPick={pick} />
        </div>
      </div>
    </div>
  );
}

function many(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
}
