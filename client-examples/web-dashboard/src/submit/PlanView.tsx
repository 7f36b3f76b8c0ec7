import { useMemo } from "react";
import { GraphView } from "../graph/GraphView.js";
import { buildStructure } from "../graph/structure.js";
import type { PlanNode } from "../graph/structure.js";
import { Notice } from "../ui/Notice.js";

interface PlanViewProps {
  document: unknown;
  nodes: readonly PlanNode[];
  onPick(path: string): void;
}

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

/** The graph as it would run; a task leads to its place in the text. */
export function PlanView({ document, nodes, onPick }: PlanViewProps) {
  const structure = useMemo(() => (document === undefined ? undefined : buildStructure(document, nodes)), [document, nodes]);
  if (!structure || nodes.length === 0) return <Notice kind="empty" title="No plan yet">The graph appears once the definition can be read.</Notice>;
  return <GraphView structure={structure} tasks={NONE} groups={NONE} selected={undefined} onSelect={(address) => onPick(placeOf(document, address))} now={0} />;
}

interface Group {
  name: string;
  tasks?: { name: string }[];
  groups?: Group[];
}

/** outer.inner.task as groups[0].groups[1].tasks[2] */
function placeOf(document: unknown, address: string): string {
  const place: string[] = [];
  let scope = document as Group;
  for (const name of address.split(".")) {
    const group = (scope.groups ?? []).findIndex((one) => one.name === name);
    const task = (scope.tasks ?? []).findIndex((one) => one.name === name);
    if (group === -1 && task === -1) break;
    place.push(group === -1 ? `tasks[${task}]` : `groups[${group}]`);
    scope = scope.groups?.[group] ?? { name };
  }
  return place.join(".");
}
