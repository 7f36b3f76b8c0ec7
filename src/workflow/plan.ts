/** The compiled shape of a definition: nodes, edges and static routing. The engine counts along it; it never changes. */

import type { ExpansionDefinition, Reducer, TaskDefinition, WorkflowDefinition } from "./definition.js";

export interface Plan {
  /** SHA-256 of the definition's JSON, hex, first 32 characters. */
  readonly hash: string;
  readonly definition: WorkflowDefinition;
  readonly nodes: readonly PlanNode[];
  readonly groups: readonly PlanGroup[];
  /** Context key -> the node that writes it; of a key with a reducer the first one. */
  readonly writerOf: ReadonlyMap<string, PlanNode>;
  /** Keys that have a reducer: nothing is stored under them but their initial value; see ContextReader. */
  readonly reduced: ReadonlyMap<string, ReducedKey>;
  readonly nodeByAddress: ReadonlyMap<string, PlanNode>;
  /** Longest chain of dependencies, counted in tasks. */
  readonly levels: number;
}

export interface ReducedKey {
  readonly reducer: Reducer;
  /** Indexes of the nodes that write it, in the order of the definition. */
  readonly writers: readonly number[];
}

export interface PlanGroup {
  readonly index: number;
  readonly name: string;
  /** outer.inner */
  readonly address: string;
  /** Index of the group it is nested in. */
  readonly parent?: number;
  /** Indexes of the nodes that stand in it directly, in the order of the definition. */
  readonly nodes: readonly number[];
  /** Indexes of the groups that are nested in it directly. */
  readonly groups: readonly number[];
  /** How many nodes stand in it and in the groups inside it. */
  readonly size: number;
}

export interface PlanNode {
  readonly index: number;
  /** group.task, with all groups around it */
  readonly address: string;
  readonly name: string;
  readonly group: number;
  /** Indexes of the groups around it, outermost first: 0.2.3 */
  readonly groupChain: string;
  readonly task: TaskDefinition;
  readonly expansion?: ExpansionDefinition;
  /** Where it stands in the definition: groups[0].tasks[2]. */
  readonly path: string;
  /** Context keys it cannot start without, inferred and declared. */
  readonly reads: readonly string[];
  /** Context keys that it waits for only while some task may still write them. */
  readonly optionalReads: readonly string[];
  /** Whether an expression of it may name `$session`; absent: none does. */
  readonly readsSession?: true;
  /** Context keys it writes. */
  readonly keys: readonly string[];
  readonly optionalKeys: readonly string[];
  /** Those of its keys, optional ones among them, that have a reducer. */
  readonly reducedKeys: readonly string[];
  /** Edges that come in: what must have happened before it may start. */
  readonly needs: readonly Edge[];
  /** Edges that go out, mirror of needs. */
  readonly dependents: readonly Edge[];
  /** 1 for tasks without predecessors. */
  readonly level: number;
}

/**
 * KEY: `from` writes a key that `to` reads. OPTIONAL: the same, for a key that `to` can do without. AFTER: order only.
 * REDUCED: `from` is a writer of a key that has a reducer and that `to` reads. `to` waits for all of them; one that was
 * skipped, or failed under IGNORE, contributes nothing and holds up nobody, one that fails the workflow skips `to`.
 * Two nodes are joined by at most one edge, the strictest (KEY before AFTER before REDUCED before OPTIONAL).
 */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: EdgeKind;
  readonly key?: string;
}
export type EdgeKind = "KEY" | "AFTER" | "REDUCED" | "OPTIONAL";
