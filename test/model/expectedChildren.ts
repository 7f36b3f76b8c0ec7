/** What is known of the sub-workflows that a workflow's tasks have run: of which attempts there must be one, and what it comes to. */

import { COMPENSATION_SUFFIX } from "../../src/workflow/compensations.js";
import type { ReadTask } from "./instances.js";
import { loosenessOf, type Loose } from "./loose.js";
import type { ModelChild, ModelNodes, ModelOutcome, ModelTask } from "./outcome.js";

/** The attempt of a task, or of an item of one, that a sub-workflow runs for. */
export interface Attempt {
  unit: string;
  attempt: number;
}

export function nameOf({ unit, attempt }: Attempt): string {
  return `${unit} ${attempt}`;
}

/** What runs for an attempt that ended by itself, or that nothing cancels, is there and has ended by itself as well. */
export interface Expected { child: ModelChild; mayBeCancelled: boolean }

export interface Expectations {
  /** What the sub-workflow of an attempt is; undefined when nothing is known of it. */
  of(attempt: Attempt): Expected | undefined;
  /** Attempts that have one for sure. */
  readonly firm: readonly Attempt[];
}

/** Tasks, and items of those that are expanded, as their readers see them. */
export class Units {
  readonly #units = new Map<string, { task: string; status: string; attempt: number }>();

  /** @param retried whether their workflow may have been retried */
  constructor(tasks: readonly ReadTask[], private readonly retried: boolean) {
    for (const { task: { address, status, attempt }, items } of tasks) {
      this.#units.set(address, { task: address, status, attempt });
      for (const item of items ?? []) this.#units.set(`${address}[${item.identifier}]`, { task: address, status: item.status, attempt: item.attempt });
    }
  }

  isCancelled(unit: string): boolean {
    return this.#units.get(unit)?.status === "CANCELLED";
  }

  lastAttempt(unit: string): number | undefined {
    return this.#units.get(unit)?.attempt;
  }

  /** Whether there may have been such an attempt. How many a cancelled item had is not kept. */
  mayHave({ unit, attempt }: Attempt): boolean {
    const found = this.#units.get(unit);
    return found !== undefined && (attempt <= found.attempt || (unit !== found.task && found.status === "CANCELLED"));
  }

  /** Whether an attempt ended by itself, whatever was cancelled around it. Of those before a workflow was retried that is not known. */
  hasEnded({ unit, attempt }: Attempt): boolean {
    const found = this.#units.get(unit);
    if (found === undefined) return false;
    return attempt === found.attempt ? found.status !== "CANCELLED" : !this.retried && attempt < found.attempt;
  }
}

/** Of a workflow that ran once: attempt by attempt. @param undoing what compensations run, as far as it is known */
export function expectedOnce(model: ModelOutcome, loose: Loose, units: Units, undoing: readonly ModelChild[]): Expectations {
  const expected = new Map(undoing.map((child): [string, Expected] => [nameOf(child), { child, mayBeCancelled: false }]));
  for (const { child, isSure } of knownIn(model, loose)) {
    if (isSure || units.mayHave(child)) expected.set(nameOf(child), { child, mayBeCancelled: !isSure && !units.hasEnded(child) });
  }
  const firm = [...expected.values()].filter(({ mayBeCancelled }) => !mayBeCancelled).map(({ child }) => child);
  return { of: (attempt) => expected.get(nameOf(attempt)), firm };
}

/**
 * Of one that may have been retried, and whose tasks do the same at every attempt: so do their sub-workflows, but how many attempts
 * there were is not known, and all but the last may have been cancelled.
 */
export function expectedRetried(model: ModelOutcome, loose: Loose, units: Units): Expectations {
  const known = new Map(knownIn(model, loose).map(({ child }) => [child.unit, child]));
  const last = [...known.keys()].map((unit): Attempt => ({ unit, attempt: units.lastAttempt(unit) ?? 0 }));
  const ended = last.filter((attempt) => units.hasEnded(attempt));
  return {
    of: ({ unit, attempt }) => {
      const child = known.get(unit);
      const isBeyond = ended.some((last) => last.unit === unit && last.attempt < attempt);
      return child && !isBeyond ? { child, mayBeCancelled: !units.hasEnded({ unit, attempt }) } : undefined;
    },
    firm: ended,
  };
}

/** isSure: nothing cancels the attempt that it runs for. */
interface Known { child: ModelChild; isSure: boolean }

/** @param cut a failure cancelled all around */
function knownIn({ tasks, groups }: ModelNodes, loose: Loose, cut = loose.cut): Known[] {
  const inside = groups.flatMap(({ address, instances = [], cancelsInstances }) => {
    const looseness = loosenessOf(loose, address, cut);
    if (looseness === "SWAYED" || looseness === "DOOMED") return [];
    return instances.flatMap((instance) => knownIn(instance, loose, looseness === "CUT" || cancelsInstances));
  });
  return [...tasks.flatMap((task) => knownOf(task, loose, cut)), ...inside];
}

function knownOf({ address, children = [], cancelsItems }: ModelTask, loose: Loose, cut: boolean): Known[] {
  const looseness = loosenessOf(loose, address, cut);
  if (looseness === "SWAYED" || looseness === "DOOMED") return [];
  return children.map((child) => ({ child, isSure: looseness !== "CUT" && !cancelsItems }));
}

/** Whether nothing is known of what a task runs, as it undoes something, or it, or a group around it, may have gone another way. */
export function isFree(unit: string, { nodes }: Loose): boolean {
  return unit.includes(COMPENSATION_SUFFIX) || [...nodes].some(([address, looseness]) => looseness === "SWAYED" && (unit === address || unit.startsWith(`${address}[`)));
}
