/** Starts the sub-workflows of tasks: one per attempt, however often the attempt is tried. */

import { FanwireError, type Problem } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import type { AgencyTaskGroup } from "./AgencyTaskGroup.js";
import { MAX_CHILD_DEPTH, type ParentLink, type StartChild } from "./children.js";
import type { DefinitionRegistry } from "./DefinitionRegistry.js";
import type { WorkflowReader } from "./ports.js";

export class ChildStarter {
  constructor(private readonly services: { reader: WorkflowReader; definitions: DefinitionRegistry; workflows: AgencyTaskGroup }) {}

  /**
   * The id of the workflow that runs for this attempt of the task, submitted for its tenant unless it has been before.
   * @throws FanwireError CHILD_INVALID when it cannot be submitted as asked, CHILD_TOO_DEEP, both final; UNAVAILABLE
   */
  async start(parent: ParentLink, { definitionName, version, context }: StartChild): Promise<string> {
    const above = await this.services.reader.snapshot(parent.workflowId);
    if (!above) throw new FanwireError("CANCELLED", `There is no workflow ${parent.workflowId} any more`, { retryable: false });
    if (above.depth >= MAX_CHILD_DEPTH) {
      throw new FanwireError("CHILD_TOO_DEEP", `${parent.task} would run a workflow at level ${above.depth + 1}; the limit is ${MAX_CHILD_DEPTH}`, { retryable: false });
    }
    const caller = { tenant: above.tenant };
    const input = { definitionName, ...(version === undefined ? {} : { definitionVersion: version }), ...(context === undefined ? {} : { context }) };
    const found = await this.services.definitions.resolve(caller, input);
    if ("problems" in found) throw invalid(parent.task, definitionName, found.problems);
    const { workflowId, problems } = await this.services.workflows.submit(caller, { ...input, ...found, parent: { ...parent, depth: above.depth } });
    if (workflowId === undefined) throw invalid(parent.task, definitionName, problems);
    return workflowId;
  }
}

function invalid(task: string, name: string, problems: readonly Problem[]): FanwireError {
  const message = `${task} cannot run ${name}: ${problems[0]?.message ?? "it was refused"}`;
  return new FanwireError("CHILD_INVALID", message, { retryable: false, details: problems.map((found) => ({ ...found })) as unknown as JsonValue });
}
