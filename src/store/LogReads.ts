/** What readers of event logs need of the store: heads of logs, and what events refer to without holding it. */

import type { Redis } from "./connect.js";
import { ownSessionId } from "../engine/session.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { isWorkflowEnded, type WorkflowStatus } from "../workflow/status.js";
import type { InstancePath, NodeKey } from "../engine/nodeKey.js";
import type { InstanceReader } from "./InstanceReader.js";
import type { ItemReader } from "./ItemReader.js";
import { shardOf, type ShardKeys } from "./keys.js";
import { WORKFLOW_STATUS } from "./records.js";
import type { ShownReads } from "./Replicas.js";
import type { WorkflowReader } from "./WorkflowReader.js";

export class LogReads {
  constructor(
    private readonly redis: Redis,
    /** The reads of how far logs go. */
    private readonly shown: ShownReads,
    private readonly shards: ShardKeys,
    private readonly reader: WorkflowReader,
    private readonly items: ItemReader,
    private readonly instances: InstanceReader,
    private readonly resultOf: (at: { workflowId: string; path?: InstancePath }, plan: Plan, node: PlanNode) => Promise<JsonValue | undefined>,
  ) {}

  logKey(workflowId: string): string | undefined {
    return this.shards.ofWorkflow(workflowId)?.events(workflowId);
  }

  async head(workflowId: string): Promise<{ seq: number; entries: number; ended: boolean; plan?: Plan } | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return undefined;
    const [seq, entries, status, hash] = await this.shown.hmget(keys.workflow(workflowId), "seq", "ev", "st", "hash");
    if (seq == null) return undefined;
    const plan = this.reader.cachedPlan(hash as string);
    return { seq: Number(seq), entries: Number(entries), ended: isWorkflowEnded(WORKFLOW_STATUS[status as string] as WorkflowStatus), ...(plan ? { plan } : {}) };
  }

  plan(workflowId: string): Promise<Plan | undefined> {
    return this.reader.planOf(workflowId);
  }

  /** What never changes of it, as far as filters of events ask for it; undefined when it is gone. */
  async identity(workflowId: string): Promise<{ tenant: string; name: string; sessionId: string; labels: JsonObject; hash: string } | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    const [tenant, name, sessionId, labels, hash] = keys ? await this.redis.hmget(keys.workflow(workflowId), "tn", "nm", "ss", "lb", "hash") : [];
    if (tenant == null) return undefined;
    return { tenant, name: name as string, sessionId: sessionId ?? ownSessionId(workflowId), labels: JSON.parse(labels ?? "{}") as JsonObject, hash: hash as string };
  }

  /** @param hash of the workflow's definition */
  async planByHash(workflowId: string, hash: string): Promise<Plan | undefined> {
    const shard = shardOf(workflowId);
    return shard === undefined ? undefined : this.reader.plan(shard, hash);
  }

  async identifiers(workflowId: string, node: NodeKey, items: readonly number[]): Promise<(string | undefined)[]> {
    const rows = await this.#rows(workflowId, node, items);
    return items.map((index) => rows.get(index)?.identifier);
  }

  async itemResults(workflowId: string, node: NodeKey, items: readonly number[]): Promise<(JsonValue | undefined)[]> {
    const rows = await this.#rows(workflowId, node, items);
    return items.map((index) => {
      const text = rows.get(index)?.result;
      return text === undefined ? undefined : (JSON.parse(text) as JsonValue);
    });
  }

  async taskResult(workflowId: string, node: PlanNode, path: InstancePath | undefined): Promise<JsonValue | undefined> {
    const plan = await this.reader.planOf(workflowId);
    return plan && this.resultOf({ workflowId, path }, plan, node);
  }

  async instanceIdentifier(workflowId: string, path: InstancePath): Promise<string | undefined> {
    return (await this.instances.item(workflowId, path))?.identifier;
  }

  /** Items of a page of events lie close together, so one range read per run of neighbours gets them. */
  async #rows(workflowId: string, node: NodeKey, items: readonly number[]): Promise<Map<number, { identifier: string; result?: string }>> {
    const rows = new Map<number, { identifier: string; result?: string }>();
    const sorted = [...new Set(items)].sort((a, b) => a - b);
    for (let i = 0; i < sorted.length;) {
      let end = i + 1;
      while (end < sorted.length && (sorted[end] as number) - (sorted[end - 1] as number) <= 100) end++;
      const first = sorted[i] as number;
      for (const row of await this.items.itemPage(workflowId, node, first, (sorted[end - 1] as number) - first + 1)) rows.set(row.index, row);
      i = end;
    }
    return rows;
  }
}
