import type { TaskStateFragment } from "../../generated/graphql.js";
import { workflowLink } from "../route.js";
import { formatInstant } from "../ui/format.js";
import { Section } from "../ui/Section.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";

export function WaitingFor({ reasons, workflow }: { reasons: TaskStateFragment["waitingFor"]; workflow: WorkflowState }) {
  if (reasons.length === 0) return null;
  return (
    <Section title="Why it waits">
      <ul className="reasons">
        {reasons.map(({ kind, key, message, until }, index) => (
          <li key={index}>
            <b>{kind.toLowerCase().replace("_", " ")}</b>
            <span>
              {message}
              {kind === "TASK" && key && <> <a href={workflowLink(workflow.id, "graph", key)}>{key}</a></>}
              {kind === "WORKFLOW" && key && <> <a href={workflowLink(key)}>its workflow</a></>}
              {until && <small> until {formatInstant(until)}</small>}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
