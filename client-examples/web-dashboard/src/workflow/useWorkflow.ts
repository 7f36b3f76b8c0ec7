/** One workflow, live: what it is, and what of it stands where. */

import { useMemo, useState } from "react";
import { ConsoleReopenedDocument, ConsoleWorkflowDocument, PlanWorkflowDocument, WorkflowProgressDocument } from "../../generated/graphql.js";
import type { ConsoleWorkflowQuery, GroupStateFragment, TaskStateFragment, WorkflowDefinitionInput } from "../../generated/graphql.js";
import { useQuery, useSubscription } from "../api/hooks.js";
import type { Query } from "../api/hooks.js";
import { buildStructure } from "../graph/structure.js";
import type { Structure } from "../graph/structure.js";

export type WorkflowState = NonNullable<ConsoleWorkflowQuery["workflow"]>;

/**
 * Each snapshot of the progress is a reason to read the tasks again: their number is that of the definition, however
 * many items they have, while events would be one per item.
 */
export function useWorkflow(id: string): Query<ConsoleWorkflowQuery> {
  const query = useQuery(ConsoleWorkflowDocument, { id, nested: true });
  const [turn, setTurn] = useState(0);
  useSubscription(WorkflowProgressDocument, { id, throttle: "200ms" }, { onNext: query.refresh, onEnd: query.refresh }, turn);
  useSubscription(ConsoleReopenedDocument, { id }, { onNext: () => setTurn((before) => before + 1) });
  return query;
}

/** How its tasks depend on each other, as the server infers it. */
export function useStructure(document: unknown): { structure: Structure | undefined; error: Error | undefined } {
  const plan = useQuery(PlanWorkflowDocument, { definition: document as WorkflowDefinitionInput });
  const nodes = plan.data?.planWorkflow.nodes;
  const structure = useMemo(() => nodes && buildStructure(document, nodes), [document, nodes]);
  return { structure, error: plan.error };
}

export interface StatesByAddress {
  tasks: ReadonlyMap<string, TaskStateFragment>;
  groups: ReadonlyMap<string, GroupStateFragment>;
}

interface NestedGroup extends GroupStateFragment {
  groups?: NestedGroup[];
}

export function statesOf(workflow: WorkflowState): StatesByAddress {
  const tasks = new Map<string, TaskStateFragment>();
  const groups = new Map<string, GroupStateFragment>();
  const walk = (group: NestedGroup, above: string): void => {
    const address = above === "" ? group.name : `${above}.${group.name}`;
    groups.set(address, group);
    for (const task of group.tasks) tasks.set(task.name, task);
    // Of a group that runs once per item these are instances, and those are not drawn one by one.
    if (!group.instanceCounts) for (const inner of group.groups ?? []) walk(inner, address);
  };
  for (const group of workflow.groups) walk(group as NestedGroup, "");
  return { tasks, groups };
}
