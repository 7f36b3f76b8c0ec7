/** Strongly connected components against their definition. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { componentsOf } from "../../src/workflow/components.js";

const NODES = 7;
const graphs = fc.array(fc.array(fc.integer({ min: 0, max: NODES - 1 }), { maxLength: 3 }), { minLength: NODES, maxLength: NODES });

function reaches(successors: readonly (readonly number[])[], from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const node of seen) for (const next of successors[node] ?? []) seen.add(next);
  return seen.has(to);
}

test("two nodes share a component exactly if each reaches the other", () => {
  fc.assert(fc.property(graphs, (successors) => {
    const component = componentsOf(successors);
    for (let left = 0; left < NODES; left++) {
      for (let right = 0; right < NODES; right++) {
        expect(component[left] === component[right]).toBe(reaches(successors, left, right) && reaches(successors, right, left));
      }
    }
  }));
});
