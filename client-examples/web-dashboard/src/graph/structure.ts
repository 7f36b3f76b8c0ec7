/** The graph of a definition: groups within groups, tasks in them, and which waits for which. */

export interface TaskBlock {
  kind: "task";
  address: string;
  name: string;
  handler: string;
  /** Whether it becomes many: one call per item. */
  expanded: boolean;
  level: number;
}

export interface GroupBlock {
  kind: "group";
  address: string;
  name: string;
  /** Whether the whole group runs once per item. */
  expanded: boolean;
  level: number;
  children: Block[];
}

export type Block = TaskBlock | GroupBlock;

export interface Edge {
  from: string;
  to: string;
}

export interface Structure {
  root: GroupBlock;
  edges: Edge[];
  /** Whether groups hold groups. */
  nested: boolean;
  tasks: number;
}

/** As much of a definition's document as is drawn. */
interface DocumentGroup {
  name: string;
  tasks?: { name: string; handler: string; expansion?: unknown }[] | null;
  groups?: DocumentGroup[] | null;
  expansion?: unknown;
}

export interface PlanNode {
  task: string;
  level: number;
  dependsOn: readonly string[];
}

export function buildStructure(document: unknown, plan: readonly PlanNode[]): Structure {
  const groups = (document as { groups?: DocumentGroup[] }).groups ?? [];
  const levels = new Map(plan.map(({ task, level }) => [task, level]));
  const root: GroupBlock = { kind: "group", address: "", name: "", expanded: false, level: 0, children: groups.map((group) => groupBlock(group, "", levels)) };
  return {
    root,
    edges: withoutShortcuts(plan),
    nested: groups.some(({ groups: inner }) => (inner ?? []).length > 0),
    tasks: plan.length,
  };
}

function groupBlock(group: DocumentGroup, above: string, levels: ReadonlyMap<string, number>): GroupBlock {
  const address = above === "" ? group.name : `${above}.${group.name}`;
  const tasks = (group.tasks ?? []).map(({ name, handler, expansion }): TaskBlock => {
    const own = `${address}.${name}`;
    return { kind: "task", address: own, name, handler, expanded: expansion != null, level: levels.get(own) ?? 1 };
  });
  const children = [...tasks, ...(group.groups ?? []).map((inner) => groupBlock(inner, address, levels))];
  const level = Math.min(...children.map((child) => child.level), Number.MAX_SAFE_INTEGER);
  return { kind: "group", address, name: group.name, expanded: group.expansion != null, level: levels.get(address) ?? level, children };
}

/** Beyond this many edges the drawing is past reading anyway, and finding shortcuts would take long. */
const MOST_EDGES_TO_REDUCE = 3_000;

/** Leaves out a -> c where a -> b -> c says so already. */
function withoutShortcuts(plan: readonly PlanNode[]): Edge[] {
  const edges = plan.flatMap(({ task, dependsOn }) => dependsOn.map((from) => ({ from, to: task })));
  if (edges.length > MOST_EDGES_TO_REDUCE) return edges;
  const direct = new Map(plan.map(({ task, dependsOn }) => [task, dependsOn]));
  const known = new Map<string, Set<string>>();
  const ancestors = (task: string): Set<string> => {
    const found = known.get(task);
    if (found) return found;
    const all = new Set<string>();
    known.set(task, all);
    for (const from of direct.get(task) ?? []) {
      all.add(from);
      for (const further of ancestors(from)) all.add(further);
    }
    return all;
  };
  return edges.filter(({ from, to }) => !(direct.get(to) ?? []).some((other) => other !== from && ancestors(other).has(from)));
}
