/** What time decides in a workflow in which a failure cancels others: how far those had come before. */

import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { GroupDecl, NodeDecl } from "./declared.js";
import type { ModelScope } from "./ModelScope.js";
import type { ModelGroup, ModelNode, ModelNodes, ModelOutcome, ModelTask } from "./outcome.js";
import { Policies } from "./policies.js";

/**
 * CUT: it may have been cancelled; if not, it is what the reference says. SWAYED: what comes before it, or what
 * is in it, may have gone another way, and so may it. DOOMED: it waited for the failure that cancels it, and so never ran. VALUE, of an expanded group: it ends as the reference says,
 * with another error in the place of an instance perhaps.
 */
export type Looseness = "CUT" | "SWAYED" | "DOOMED" | "VALUE";

export interface Loose {
  /** A failure may cancel the rest of the workflow, or somebody has: all others are CUT. */
  cut: boolean;
  /** Tasks and expanded groups, by address; what stands in a loose group's instances is not listed for that. */
  nodes: ReadonlyMap<string, Looseness>;
  /** Groups that are not expanded, in instances or not, of which time decides how they end. */
  groups: ReadonlySet<string>;
  /** Those in which anything is loose, but for what stands in the instances of a loose group. */
  scopes: ReadonlySet<ModelScope>;
}

export interface LooseOptions {
  /** It may have been retried: what ran again may have ended in another order than at first. */
  retried?: boolean | undefined;
}

export function looseEnds(definition: WorkflowDefinition, model: ModelOutcome, { retried = false }: LooseOptions = {}): Loose {
  const loose = { cut: false, nodes: new Map<string, Looseness>(), groups: new Set<string>(), scopes: new Set<ModelScope>() };
  loose.cut = new LooseScope({ policies: new Policies(definition), retried }, model).into(loose).cut || model.status === "CANCELLED";
  return loose;
}

/** @param cut a failure cancelled all around it */
export function loosenessOf({ nodes }: Loose, address: string, cut: boolean): Looseness | undefined {
  const own = nodes.get(address);
  return cut && (own === undefined || own === "VALUE") ? "CUT" : own;
}

/** Whether all that a scope's tasks can see is what the reference says. */
export function isExactIn({ cut, scopes }: Pick<Loose, "cut" | "scopes">, scope: ModelScope): boolean {
  return !cut && !scopes.has(scope) && (!scope.instance || isExactIn({ cut, scopes }, scope.instance.outside));
}

/** Whether the end of a group, of an instance or of an expanded group is certain, unless one of the groups that cancel instances leaves it to time. */
export function isCertain({ nodes, groups }: Loose, address: string): boolean {
  const isInside = ([group, looseness]: [string, Looseness]): boolean => looseness !== "VALUE" && (address === group || address.startsWith(`${group}[`));
  return !groups.has(address) && ![...nodes].some(isInside);
}

/** What of the end of an instance is left to time. */
interface LooseEnd {
  isStatusLoose: boolean;
  isErrorLoose: boolean;
  /** Those of which it may have other values. */
  looseKeys: readonly string[];
}

interface Rules {
  policies: Policies;
  retried: boolean;
}

interface Found { nodes: Map<string, Looseness>; groups: Set<string>; scopes: Set<ModelScope> }

/** One scope: the workflow's, or that of an instance. */
class LooseScope {
  readonly #scope: ModelScope;
  readonly #beside: Beside;
  /** What each failure, and each group whose values are loose, may bring about. */
  readonly #spreads = new Map<NodeDecl, Spread>();

  constructor(private readonly rules: Rules, { scope }: ModelNodes) {
    this.#scope = scope;
    this.#beside = new Beside(rules, scope);
  }

  into(loose: Found): LooseEnd & { cut: boolean } {
    for (const node of this.#scope.decl.nodes) {
      if (node.kind === "GROUP") this.#collect(node, loose);
      if (this.#end(node).failsWorkflow && !this.#spreads.has(node)) this.#spread(node, this.#endedBefore(node)).fail(node);
    }
    const found = this.#found();
    if (found.size > 0) loose.scopes.add(this.#scope);
    for (const [node, looseness] of found) {
      loose.nodes.set(this.#end(node).address, looseness);
      const around = looseness === "VALUE" ? [] : this.rules.policies.plainAround(node).filter((group) => !this.#surelyFails(group, found));
      for (const address of around) loose.groups.add(this.#scope.addressOf({ address }));
    }
    return { cut: [...this.#spreads.values()].some(({ cut }) => cut), ...this.#looseEnd(found) };
  }

  /** What time decides in the instances of a group may decide what becomes of it. */
  #collect(group: GroupDecl, loose: Found): void {
    const { status, instances = [] } = this.#end(group);
    const ends = instances.map((instance) => new LooseScope(this.rules, instance).into(loose));
    if (ends.some(({ isStatusLoose }) => isStatusLoose)) return this.#spread(group, new Set()).anything(group);
    const isValueLoose = ({ isErrorLoose, looseKeys }: LooseEnd): boolean => (isErrorLoose && group.expansion.onItemFailure === "ERROR") || looseKeys.some((key) => group.keys.includes(key));
    if (status === "COMPLETED" && ends.some(isValueLoose)) this.#spread(group, new Set()).value(group);
  }

  #end(node: NodeDecl): ModelNode & Partial<ModelGroup> {
    return this.#scope.ended.get(node) as ModelNode;
  }

  #spread(node: NodeDecl, before: ReadonlySet<NodeDecl>): Spread {
    const spread = new Spread(this.#beside, before);
    this.#spreads.set(node, spread);
    return spread;
  }

  #found(): Map<NodeDecl, Looseness> {
    const found = new Map<NodeDecl, Looseness>();
    for (const { nodes } of this.#spreads.values()) {
      for (const [node, looseness] of nodes) {
        const before = found.get(node);
        // A group that may be cancelled, and may have other values if it is not, may be anything to those after it.
        found.set(node, before === undefined || before === looseness ? looseness : "SWAYED");
      }
    }
    for (const [node, { doomed }] of this.#spreads) if (this.#isSure(node)) for (const other of doomed) found.set(other, "DOOMED");
    return found;
  }

  /** Whether a failure comes whatever else does. */
  #isSure(failing: NodeDecl): boolean {
    return [...this.#spreads].every(([node, { nodes, cut }]) => node === failing || !(cut || nodes.has(failing)));
  }

  /** It itself, and what it waited for; one that was skipped may not have waited for all that it should have. */
  #endedBefore(node: NodeDecl): ReadonlySet<NodeDecl> {
    const before = new Map<NodeDecl, Sureness>();
    const open: [NodeDecl, Sureness][] = [[node, "ENDED"]];
    for (let next = open.pop(); next; next = open.pop()) {
      const [waitedFor, sureness] = next;
      if (before.get(waitedFor) === "ENDED" || before.get(waitedFor) === sureness) continue;
      before.set(waitedFor, sureness);
      const { status, errorCode } = this.#end(waitedFor);
      if (status === "SKIPPED" && errorCode === "UPSTREAM") continue;
      const beforeThat = sureness === "KEPT" || !this.#beside.waitsAgain(waitedFor) ? "KEPT" : "ENDED";
      for (const other of this.#scope.predecessors(waitedFor)) open.push([other, beforeThat]);
    }
    return new Set([...before].filter(([other, sureness]) => sureness === "ENDED" || this.#beside.isKept(other)).map(([other]) => other));
  }

  /** The error of an instance is that of the failing node which stands first in the definition; where one fails, at least one does whatever comes first. */
  #looseEnd(found: ReadonlyMap<NodeDecl, Looseness>): LooseEnd {
    const { nodes } = this.#scope.decl;
    const maybe = (node: NodeDecl): boolean => found.get(node) === "SWAYED" && mayFail(node);
    const cause = nodes.findIndex((node) => this.#end(node).failsWorkflow);
    if (cause < 0) return { isStatusLoose: nodes.some(maybe), isErrorLoose: false, looseKeys: [...found.keys()].flatMap(({ keys, optionalKeys }) => [...keys, ...optionalKeys]) };
    return { isStatusLoose: false, isErrorLoose: found.has(nodes[cause] as NodeDecl) || nodes.slice(0, cause).some(maybe), looseKeys: [] };
  }

  #surelyFails(group: string, found: ReadonlyMap<NodeDecl, Looseness>): boolean {
    return this.#beside.inside(group).some((node) => this.#end(node).failsWorkflow && !found.has(node));
  }
}

/** How far it is sure that a node has ended. KEPT: once it had; if it is one of those that retryWorkflow runs again, it may be open once more. */
type Sureness = "ENDED" | "KEPT";

/** The nodes of a scope as they follow, and cancel, one another. */
class Beside {
  readonly #after = new Map<NodeDecl, NodeDecl[]>();

  constructor(private readonly rules: Rules, private readonly scope: ModelScope) {
    for (const node of scope.decl.nodes) for (const before of scope.predecessors(node)) this.#after.set(before, [...(this.#after.get(before) ?? []), node]);
  }

  after(node: NodeDecl): NodeDecl[] {
    return this.#after.get(node) ?? [];
  }

  /** Whether retryWorkflow lets it be, or else has all run again that came after it: it has ended for whatever came after it. */
  isKept(node: NodeDecl): boolean {
    const { status, errorCode } = this.#end(node);
    return status === "COMPLETED" || (status === "SKIPPED" && errorCode === "CONDITION");
  }

  /** Whether it has waited for all before it whenever it runs, also when it runs again: items that are there go on at once. */
  waitsAgain(node: NodeDecl): boolean {
    return !this.rules.retried || !(this.isKept(node) || (this.#end(node) as Partial<ModelTask>).items);
  }

  /** What has surely ended when a node runs of which nothing else is sure. */
  surelyBefore(node: NodeDecl): NodeDecl[] {
    const before = this.scope.predecessors(node);
    return this.rules.retried && node.kind === "TASK" && node.task.expansion ? before.filter((other) => this.isKept(other)) : before;
  }

  inside(group: string): NodeDecl[] {
    return this.scope.decl.nodes.filter((node) => this.rules.policies.around(node).includes(group));
  }

  #end(node: NodeDecl): ModelNode {
    return this.scope.ended.get(node) as ModelNode;
  }

  /** What may be cancelled because a node fails. ALL: the whole workflow. */
  cancelledBy(failing: NodeDecl): NodeDecl[] | "ALL" {
    const group = this.rules.policies.failsFast(failing);
    return group === undefined ? [] : group === "" ? "ALL" : this.inside(group).filter((node) => node !== failing);
  }
}

/** What one failure in a scope may bring about. */
class Spread {
  readonly nodes = new Map<NodeDecl, Looseness>();
  /** Those that are cancelled, or skipped, for sure when it comes. */
  readonly doomed: NodeDecl[] = [];
  cut = false;

  /** @param before what had ended by then */
  constructor(private readonly beside: Beside, private readonly before: ReadonlySet<NodeDecl>) {}

  fail(node: NodeDecl): void {
    const cancelled = this.beside.cancelledBy(node);
    this.doomed.push(...this.beside.after(node).filter((after) => cancelled === "ALL" || cancelled.includes(after)));
    this.#cancel(cancelled);
  }

  /** It may end well or not. */
  anything(group: NodeDecl): void {
    this.nodes.set(group, "SWAYED");
    this.#failToo(group);
    this.#sway(group);
  }

  value(group: NodeDecl): void {
    this.nodes.set(group, "VALUE");
    this.#sway(group);
  }

  /** Nothing follows from what is cancelled with the whole workflow. */
  #cancel(nodes: readonly NodeDecl[] | "ALL"): void {
    if (nodes === "ALL") {
      this.cut = true;
      return;
    }
    for (const node of nodes) {
      if (this.nodes.has(node) || this.before.has(node)) continue;
      this.nodes.set(node, "CUT");
      this.#sway(node);
    }
  }

  /** What comes after one that is loose. */
  #sway(loose: NodeDecl): void {
    for (const node of this.beside.after(loose)) {
      if (this.before.has(node) || this.nodes.get(node) === "SWAYED") continue;
      this.nodes.set(node, "SWAYED");
      if (mayFail(node)) this.#failToo(node);
      this.#sway(node);
    }
  }

  /** It ran then, so at least what it waits for itself has ended; what that waited for may go on where that was skipped. */
  #failToo(node: NodeDecl): void {
    const waitedFor = this.beside.surelyBefore(node);
    const cancelled = this.beside.cancelledBy(node);
    this.#cancel(cancelled === "ALL" ? cancelled : cancelled.filter((other) => !waitedFor.includes(other)));
  }
}

function mayFail(node: NodeDecl): boolean {
  return node.kind === "GROUP" || node.task.onFailure !== "IGNORE";
}
