import { useMemo } from "react";
import { GraphView } from "../graph/GraphView.js";
import { Notice } from "../ui/Notice.js";
import { useNow } from "../ui/now.js";
import { isEnd } from "../ui/status.js";
import { statesOf, useStructure } from "./useWorkflow.js";
import type { WorkflowState } from "./useWorkflow.js";

interface GraphTabProps {
  workflow: WorkflowState;
  document: unknown;
  selected: string | undefined;
  onSelect(address: string): void;
}

export function GraphTab({ workflow, document, selected, onSelect }: GraphTabProps) {
  const { structure, error } = useStructure(document);
  const states = useMemo(() => statesOf(workflow), [workflow]);
  const now = useNow(!isEnd(workflow.status));
  if (!structure) return error ? <Notice kind="error" title="The graph cannot be drawn">{error.message}</Notice> : <Notice kind="loading" title="Drawing the graph" />;
  return <GraphView structure={structure} tasks={states.tasks} groups={states.groups} selected={selected} onSelect={onSelect} now={now} />;
}
