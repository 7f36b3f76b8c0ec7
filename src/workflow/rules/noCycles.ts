/** Tasks do not wait for each other in a circle, over keys, optional keys and `after`. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { componentsOf } from "../components.js";
import type { Edge } from "../plan.js";
import type { RuleInput } from "./ruleInput.js";

/** More circles than this in one definition help nobody, and each costs a search. */
const MAX_REPORTED = 20;

/** Every task on a circle is named in at least one problem, as long as there are not too many. */
export function noCycles({ tasks, edges }: RuleInput): Problem[] {
  const component = componentsOf(edges.map((into) => into.map(({ from }) => from)));
  const size = new Map<number, number>();
  for (const id of component) size.set(id, (size.get(id) ?? 0) + 1);
  const covered = new Set<number>();
  const problems: Problem[] = [];
  for (const { index } of tasks) {
    if (covered.has(index) || size.get(component[index] as number) === 1 || problems.length === MAX_REPORTED) continue;
    const circle = shortestCircle(index, edges, component);
    for (const { to } of circle) covered.add(to);
    problems.push(describe(circle, tasks));
  }
  return problems;
}

/** Edges of the shortest circle through a task that lies on one, in the order in which the tasks would run. */
function shortestCircle(start: number, edges: readonly (readonly Edge[])[], component: readonly number[]): Edge[] {
  const cameBy = new Map<number, Edge>();
  const queue = [start];
  for (let at = 0; at < queue.length && !cameBy.has(start); at++) {
    for (const edge of edges[queue[at] as number] ?? []) {
      if (component[edge.from] !== component[start] || cameBy.has(edge.from)) continue;
      cameBy.set(edge.from, edge);
      queue.push(edge.from);
    }
  }
  return walkBack(start, cameBy);
}

/** `cameBy` leads from each task to the one that waits for it, so following it from the start runs along the circle. */
function walkBack(start: number, cameBy: ReadonlyMap<number, Edge>): Edge[] {
  const circle: Edge[] = [];
  let at = start;
  do {
    const edge = cameBy.get(at) as Edge;
    circle.push(edge);
    at = edge.to;
  } while (at !== start);
  return circle;
}

function describe(circle: readonly Edge[], tasks: RuleInput["tasks"]): Problem {
  const first = circle[0] as Edge;
  const address = (index: number): string => tasks[index]?.address ?? "";
  const names = [...circle.map(({ from }) => address(from)), address(first.from)].join(" -> ");
  const reasons = circle.map(({ from, to, kind, key }) => (kind === "AFTER"
    ? `${address(to)} runs after ${address(from)}`
    : `${address(to)} reads ${key ?? ""} of ${address(from)}`));
  return problem("CYCLE", `Tasks wait for each other: ${names} (${reasons.join("; ")})`, tasks[first.from]?.path);
}
