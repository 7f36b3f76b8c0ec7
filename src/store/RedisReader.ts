/** All reads of the engine behind one port: workflows, contexts, items and lists. */

import type { ItemOutcome, ItemRow, UnitRecord, WorkflowReader as ReaderPort } from "../engine/ports.js";
import type { ExpandedGroup, GroupState, TaskState, Page, PageRequest, WorkflowDetail, WorkflowFilter, WorkflowSnapshot } from "../engine/snapshot.js";
import type { TaskError } from "../workflow/events.js";
import type { InstancePath, NodeKey } from "../engine/nodeKey.js";
import type { JsonObject } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";
import type { TaskStatus } from "../workflow/status.js";
import type { InstanceReader } from "./InstanceReader.js";
import type { InstanceStates } from "./InstanceStates.js";
import type { ItemReader } from "./ItemReader.js";
import type { WorkflowIndex } from "./WorkflowIndex.js";
import type { WorkflowReader } from "./WorkflowReader.js";

export class RedisReader implements ReaderPort {
  constructor(
    private readonly workflows: WorkflowReader, private readonly itemReader: ItemReader, private readonly index: WorkflowIndex,
    private readonly instanceReader: InstanceReader, private readonly instanceStates: InstanceStates,
  ) {}

  plan(shard: number, hash: string): Promise<Plan | undefined> { return this.workflows.plan(shard, hash); }
  cachedPlan(hash: string): Plan | undefined { return this.workflows.cachedPlan(hash); }
  planOf(id: string): Promise<Plan | undefined> { return this.workflows.planOf(id); }
  tookEffect(id: string, request: string): Promise<boolean> { return this.workflows.tookEffect(id, request); }
  unit(id: string, node: NodeKey, unit: string): Promise<UnitRecord | undefined> { return this.workflows.unit(id, node, unit); }
  delayedResult(id: string, node: NodeKey, unit: string): Promise<string | undefined> { return this.workflows.delayedResult(id, node, unit); }
  resultText(id: string, node: NodeKey): Promise<string | undefined> { return this.workflows.resultText(id, node); }
  completedResults(id: string, nodes: readonly number[], path?: InstancePath): Promise<Map<number, string | undefined>> { return this.workflows.completedResults(id, nodes, path); }
  instanceTexts(id: string, wanted: readonly { path: InstancePath; key: string }[]): Promise<(string | undefined)[]> { return this.instanceReader.texts(id, wanted); }
  instanceItem(id: string, path: InstancePath, fresh?: boolean): Promise<{ identifier: string; variables: JsonObject } | undefined> { return this.instanceReader.item(id, path, fresh); }
  round(id: string, node: number): Promise<number> { return this.workflows.round(id, node); }
  taskEnd(id: string, node: NodeKey): Promise<{ status: TaskStatus; skippedBy?: string } | undefined> { return this.workflows.taskEnd(id, node); }
  contextTexts(id: string, keys?: readonly string[]): Promise<Map<string, string>> { return this.workflows.contextTexts(id, keys); }
  sessionIdOf(id: string): Promise<string> { return this.workflows.sessionIdOf(id); }
  contextKeys(id: string): Promise<string[]> { return this.workflows.contextKeys(id); }
  childOfItem(id: string, node: NodeKey, item: number): Promise<string | undefined> { return this.workflows.childOfItem(id, node, item); }
  instances(detail: WorkflowDetail, group: ExpandedGroup, from: number, count: number): Promise<GroupState[]> { return this.instanceStates.page(detail, group, from, count); }
  instanceTasks(detail: WorkflowDetail, path: InstancePath): Promise<TaskState[] | undefined> { return this.instanceStates.tasks(detail, path); }
  instance(detail: WorkflowDetail, path: InstancePath): Promise<GroupState | undefined> { return this.instanceStates.at(detail, path); }
  snapshot(id: string): Promise<WorkflowSnapshot | null> { return this.workflows.snapshot(id); }
  detail(id: string): Promise<WorkflowDetail | null> { return this.workflows.detail(id); }
  list(tenant: string, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>> { return this.index.list(tenant, filter, page); }
  openItems(id: string, node: NodeKey, unit: string): Promise<{ offset: number; item: number }[]> { return this.itemReader.openItems(id, node, unit); }
  itemOutcomes(id: string, node: NodeKey): Promise<{ outcomes: ItemOutcome[]; shape?: number[] }> { return this.itemReader.itemOutcomes(id, node); }
  itemPage(id: string, node: NodeKey, first: number, count: number): Promise<ItemRow[]> { return this.itemReader.itemPage(id, node, first, count); }
  itemStatuses(id: string, node: NodeKey): Promise<TaskStatus[]> { return this.itemReader.itemStatuses(id, node); }
  itemEnds(id: string, node: NodeKey): Promise<{ total: number; completed: number; failed: number }> { return this.itemReader.itemEnds(id, node); }
  firstItemError(id: string, node: NodeKey): Promise<TaskError | undefined> { return this.itemReader.firstItemError(id, node); }
}
