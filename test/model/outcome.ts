/** What the reference says that a workflow comes to: of each task, each expanded group and each of its instances. */

import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import type { ModelScope } from "./ModelScope.js";

export interface ModelItem {
  identifier: string;
  variables: JsonObject;
  status: "COMPLETED" | "FAILED";
  /** Undefined: left open. */
  attempt: number | undefined;
  result?: JsonValue;
  error?: { code: string; message: string };
}

/** What tasks and expanded groups have in common: both are nodes of the scope that they stand in. */
export interface ModelNode {
  /** group.task; of a task in an instance enrich[3].task, with all instances around it by their identifiers */
  address: string;
  status: "COMPLETED" | "FAILED" | "SKIPPED";
  errorCode?: string;
  errorMessage?: string;
  /** It fails the scope that it stands in: the workflow, or the instance of an expanded group. */
  failsWorkflow: boolean;
  /** Keys that it wrote into its scope. */
  writes: string[];
  /** Skipped only after it was ready: it had waited for writers that all contributed nothing. */
  skippedLate?: boolean;
}

export interface ModelTask extends ModelNode {
  /** Attempts of a plain task; of an expanded one they belong to its items. Undefined: left open. */
  attempt: number | undefined;
  result?: JsonValue;
  items?: ModelItem[];
  /** More items failed than may, and the first that is too many cancels the others: which ones ran is left to time. */
  cancelsItems: boolean;
  /** The sub-workflows of its attempts, and of its items' attempts. */
  children?: ModelChild[];
}

export interface ModelChild {
  /** The address of the task or item that it runs for. */
  unit: string;
  attempt: number;
  definition: WorkflowDefinition;
  context: JsonObject;
  outcome: ModelOutcome;
}

/** An expanded group. */
export interface ModelGroup extends ModelNode {
  /** In item order; undefined when it was skipped, or its lists could not be told. */
  instances?: ModelInstance[];
  /** As `cancelsItems` of a task: what ran in the instances is left to time. */
  cancelsInstances: boolean;
}

/** A scope that has ended: of the workflow, or of one instance. Nodes in the order of the definition. */
export interface ModelNodes {
  tasks: ModelTask[];
  groups: ModelGroup[];
  /** As it stood in the end. */
  scope: ModelScope;
}

export interface ModelInstance extends ModelNodes {
  /** enrich[3] */
  address: string;
  identifier: string;
  variables: JsonObject;
  status: "COMPLETED" | "FAILED";
  /** Of the first task or inner group, in the order of the definition, that failed it. */
  error?: { code: string; message: string };
  /** Keys that were written inside. */
  values: JsonObject;
}

export interface ModelOutcome extends ModelNodes {
  /** CANCELLED: from outside, when nobody knows; then all else is what would have come of it. */
  status: "COMPLETED" | "FAILED" | "CANCELLED";
  context: JsonObject;
  /** The value of a key that has a reducer, had only these nodes completed; undefined for other keys, and when nothing is left. */
  reducedOver(key: string, completed: (address: string) => boolean): JsonValue | undefined;
}

/** The definition asks for more than a test should run; such cases are not worth their time. */
export class TooMuch extends Error {}

export interface ModelLimits {
  /** Of one expanded task. */
  items: number;
  /** Of one result, and of all values of a scope, as JSON. */
  characters: number;
  /** Of all expanded groups together. Default 60. */
  instances?: number;
}

/** The same, whatever attempts it took. */
export function withoutAttempts<T extends ModelNodes>(nodes: T): T {
  const task = (one: ModelTask): ModelTask => ({ ...one, attempt: undefined, ...(one.items ? { items: one.items.map((item) => ({ ...item, attempt: undefined })) } : {}) });
  const group = (one: ModelGroup): ModelGroup => ({ ...one, ...(one.instances ? { instances: one.instances.map(withoutAttempts) } : {}) });
  return { ...nodes, tasks: nodes.tasks.map(task), groups: nodes.groups.map(group) };
}

/** Every instance at every depth, outer ones before those inside them. */
export function allInstances({ groups }: ModelNodes): ModelInstance[] {
  return groups.flatMap(({ instances = [] }) => instances.flatMap((instance) => [instance, ...allInstances(instance)]));
}
