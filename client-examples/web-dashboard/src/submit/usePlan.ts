/** What the server says of a draft, as it is written: the last answer stays until the next. */

import { useEffect, useState } from "react";
import { PlanWorkflowDocument } from "../../generated/graphql.js";
import type { PlanWorkflowQuery, ProblemFragment, SubmitWorkflowInput } from "../../generated/graphql.js";
import { request } from "../api/request.js";

type WorkflowPlan = PlanWorkflowQuery["planWorkflow"];

export interface Plan extends Pick<WorkflowPlan, "valid" | "levels" | "problems" | "warnings" | "nodes"> {
  estimatedTasks?: number | null;
  /** What was planned. */
  document: unknown;
  loading: boolean;
}

const TYPING_MS = 300;
const NOTHING: Plan = { valid: false, levels: 0, problems: [], warnings: [], nodes: [], document: undefined, loading: true };

export function usePlan(input: SubmitWorkflowInput | undefined): Plan {
  const [plan, setPlan] = useState(NOTHING);
  const key = input && JSON.stringify(input);
  useEffect(() => {
    if (key === undefined) return undefined;
    const { definition, context } = JSON.parse(key) as SubmitWorkflowInput;
    let current = true;
    setPlan((before) => ({ ...before, loading: true }));
    const timer = setTimeout(() => {
      const failed = (problems: ProblemFragment[]): void => setPlan((before) => ({ ...before, valid: false, problems, warnings: [], loading: false }));
      if (!definition) return failed([{ code: "DEFINITION", message: "There is no definition." }]);
      request(PlanWorkflowDocument, { definition, context: context ?? {} }).then(
        ({ planWorkflow }) => current && setPlan({ ...planWorkflow, document: definition, loading: false }),
        (error: Error) => current && failed(error.message.split("\n").map(asProblem)),
      );
    }, TYPING_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [key]);
  return plan;
}

/** What does not fit the schema comes as an error of the request, with the place within the variable. */
function asProblem(message: string): ProblemFragment {
  const path = /at "definition\.([^"]+)"/.exec(message)?.[1];
  return { code: "INPUT", message: message.replace(/^Variable "\$definition" got invalid value .*? at "[^"]+"; /, ""), path };
}
