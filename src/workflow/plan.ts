/** The compiled shape of a definition: nodes, edges and static routing. The engine counts along it; it never changes. */

import type { ExpansionDefinition, FailurePolicy, Reducer, TaskDefinition, WorkflowDefinition } from "./definition.js";

export interface Plan {
  /** SHA-256 of the definition's JSON, hex, first 32 characters. */
  readonly hash: string;
  readonly definition: WorkflowDefinition;
  /** Tasks and expanded groups in the order of the definition; behind them, from `compensationsFrom` on, compensations of tasks. */
  readonly nodes: readonly PlanNode[];
  readonly compensationsFrom: number;
  readonly groups: readonly PlanGroup[];
  /** By the index of the group that owns it; the workflow's own under undefined. */
  readonly scopes: ReadonlyMap<number | undefined, PlanScope>;
  /** The workflow's own scope. */
  readonly root: PlanScope;
  readonly nodeByAddress: ReadonlyMap<string, PlanNode>;
  /** Longest chain of dependencies, counted in tasks. */
  readonly levels: number;
}

/** The workflow's own context, or that of the instances of an expanded group. */
export interface PlanScope {
  /** The group; undefined for the workflow's own scope. */
  readonly owner: PlanNode | undefined;
  readonly parent: PlanScope | undefined;
  /** Nodes that stand in it directly, in the order of the definition. */
  readonly nodes: readonly PlanNode[];
  /** Tasks in it and in the scopes inside it, expanded groups not counted. */
  readonly taskCount: number;
  /** Context key -> the node that writes it here; of a key with a reducer the first one. */
  readonly writerOf: ReadonlyMap<string, PlanNode>;
  /** Keys that have a reducer: nothing is stored under them but their initial value; see ContextReader. */
  readonly reduced: ReadonlyMap<string, ReducedKey>;
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
  /** Indexes of the tasks that stand in it directly, in the order of the definition. */
  readonly nodes: readonly number[];
  /** Index of the node that stands for it, when it is expanded as a whole. */
  readonly node?: number;
  /** Indexes of the groups that are nested in it directly. */
  readonly groups: readonly number[];
  /** How many nodes of one scope stand in it and in the groups inside it: its own scope, when it is expanded. */
  readonly size: number;
  readonly maxParallel?: number;
  readonly timeoutMs?: number;
  /** What a failure in it means: its own word, or that of the innermost group around it in its scope that has one. `by`: who says so; absent: the workflow, or nobody. */
  readonly onFailure: { readonly policy: FailurePolicy; readonly by?: number };
}

export interface PlanNode {
  /** GROUP: an expanded group, to the scope around it like a task that is expanded. */
  readonly kind: "TASK" | "GROUP";
  readonly index: number;
  /** Index of the innermost expanded group around it, in whose instances it runs. */
  readonly scope: number | undefined;
  /** group.task, with all groups around it */
  readonly address: string;
  readonly name: string;
  /** Indexes of the groups around it, outermost first: 0.2.3. In an expanded group from that on; empty for one that stands at the top. */
  readonly groupChain: string;
  readonly task: TaskDefinition;
  readonly expansion?: ExpansionDefinition;
  /** Where it stands in the definition: groups[0].tasks[2]. */
  readonly path: string;
  /** Context keys it cannot start without, inferred and declared. */
  readonly reads: readonly string[];
  /** Context keys that it waits for only while some task may still write them. */
  readonly optionalReads: readonly string[];
  /** Variables of the expanded groups around it that it reads. */
  readonly variables: readonly string[];
  /** Indexes of nodes outside its scope that must have ended well before it may start; its group waits for their ends. */
  readonly outerAfter: readonly number[];
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
  /** Index of the node that is its compensation. */
  readonly compensation?: number;
  /** Of a compensation: index of the node that it undoes. It has the scope of that node, stands in no group, writes nothing, and nobody waits for it. */
  readonly compensates?: number;
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
