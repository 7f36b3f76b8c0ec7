import type { WorkflowEvent } from "../../src/workflow/events.js";

/** Whether the workflow has ended with it; retryWorkflow may open it again. */
export function isTerminalEvent({ type }: WorkflowEvent): boolean {
  return type === "WORKFLOW_COMPLETED" || type === "WORKFLOW_FAILED" || type === "WORKFLOW_CANCELLED" || type === "WORKFLOW_TIMED_OUT";
}
