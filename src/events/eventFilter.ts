/** Which events a subscription to many workflows is for. */

import { canonicalJson, type JsonObject, type JsonValue } from "../workflow/json.js";
import type { EventType } from "../workflow/events.js";

/** Those that match every field given. */
export interface EventFilter {
  workflowIds?: readonly string[];
  sessionId?: string;
  /** Of the workflow. */
  name?: string;
  /** The workflow has all of them, maybe others too. */
  labels?: JsonObject;
  types?: readonly EventType[];
}

/** What never changes of a workflow, as far as filters ask for it. */
export interface WorkflowIdentity {
  tenant: string;
  name: string;
  sessionId: string;
  labels: JsonObject;
  /** Of its definition. */
  hash: string;
}

/** A filter made ready to be asked about many events. */
export class EventMatcher {
  readonly #ids: ReadonlySet<string> | undefined;
  readonly #types: ReadonlySet<EventType> | undefined;
  readonly #labels: readonly [string, string][];

  constructor(private readonly tenant: string, private readonly filter: EventFilter) {
    this.#ids = filter.workflowIds && new Set(filter.workflowIds);
    this.#types = filter.types && new Set(filter.types);
    this.#labels = Object.entries(filter.labels ?? {}).map(([label, value]) => [label, canonicalJson(value as JsonValue)]);
  }

  /** Equal for those that match the same events. */
  get key(): string {
    return canonicalJson([this.tenant, { ...this.filter }] as unknown as JsonValue);
  }

  /** Whether it can match at all, before anything is read of it. */
  mayMatch(workflowId: string): boolean {
    return this.#ids?.has(workflowId) ?? true;
  }

  matchesWorkflow({ tenant, name, sessionId, labels }: WorkflowIdentity): boolean {
    if (tenant !== this.tenant) return false;
    if (this.filter.name !== undefined && name !== this.filter.name) return false;
    if (this.filter.sessionId !== undefined && sessionId !== this.filter.sessionId) return false;
    return this.#labels.every(([label, text]) => Object.hasOwn(labels, label) && canonicalJson(labels[label] as JsonValue) === text);
  }

  matchesType(type: EventType): boolean {
    return this.#types?.has(type) ?? true;
  }
}
