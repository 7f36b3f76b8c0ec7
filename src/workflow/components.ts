/** Which tasks of a graph lie on circles with each other: its strongly connected components. */

/**
 * A number per node, equal for nodes that reach each other (Kosaraju's algorithm, without recursion, so that a chain of
 * any length is safe). `successors[n]` lists where the edges out of node n lead.
 */
export function componentsOf(successors: readonly (readonly number[])[]): number[] {
  const predecessors: number[][] = successors.map(() => []);
  successors.forEach((targets, from) => targets.forEach((to) => predecessors[to]?.push(from)));
  const component = successors.map(() => -1);
  let count = 0;
  for (const root of finishingOrder(successors).reverse()) {
    if (component[root] !== -1) continue;
    component[root] = count;
    for (const open = [root]; open.length > 0;) {
      for (const node of predecessors[open.pop() as number] ?? []) {
        if (component[node] !== -1) continue;
        component[node] = count;
        open.push(node);
      }
    }
    count += 1;
  }
  return component;
}

/** Nodes in the order in which a depth-first search is done with them. */
function finishingOrder(successors: readonly (readonly number[])[]): number[] {
  const seen = successors.map(() => false);
  const order: number[] = [];
  for (let root = 0; root < successors.length; root++) {
    if (seen[root]) continue;
    seen[root] = true;
    const path = [{ node: root, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = successors[top.node]?.[top.next++];
      if (target === undefined) {
        order.push(top.node);
        path.pop();
      } else if (!seen[target]) {
        seen[target] = true;
        path.push({ node: target, next: 0 });
      }
    }
  }
  return order;
}
