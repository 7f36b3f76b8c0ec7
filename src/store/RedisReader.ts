/** All reads of the engine behind one port: workflows, contexts, items and lists. */

import type { ItemOutcome, ItemRow, UnitRecord, WorkflowReader as ReaderPort } from "../engine/ports.js";
import type { Page, PageRequest, WorkflowDetail, WorkflowFilter, WorkflowSnapshot } from "../engine/snapshot.js";
import type { TaskError } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";
import type { TaskStatus } from "../workflow/status.js";
import type { ItemReader } from "./ItemReader.js";
import type { WorkflowIndex } from "./WorkflowIndex.js";
import type { WorkflowReader } from "./WorkflowReader.js";

export class RedisReader implements ReaderPort {
  constructor(private readonly workflows: WorkflowReader, private readonly itemReader: ItemReader, private readonly index: WorkflowIndex) {}

  plan(shard: number, hash: string): Promise<Plan | undefined> { return this.workflows.plan(shard, hash); }
  cachedPlan(hash: string): Plan | undefined { return this.workflows.cachedPlan(hash); }
  planOf(id: string): Promise<Plan | undefined> { return this.workflows.planOf(id); }
  unit(id: string, node: number, unit: string): Promise<UnitRecord | undefined> { return this.workflows.unit(id, node, unit); }
  delayedResult(id: string, node: number, unit: string): Promise<string | undefined> { return this.workflows.delayedResult(id, node, unit); }
  resultText(id: string, node: number): Promise<string | undefined> { return this.workflows.resultText(id, node); }
  completedResults(id: string, nodes: readonly number[]): Promise<Map<number, string | undefined>> { return this.workflows.completedResults(id, nodes); }
  contextTexts(id: string, keys?: readonly string[]): Promise<Map<string, string>> { return this.workflows.contextTexts(id, keys); }
  sessionIdOf(id: string): Promise<string> { return this.workflows.sessionIdOf(id); }
  contextKeys(id: string): Promise<string[]> { return this.workflows.contextKeys(id); }
  snapshot(id: string): Promise<WorkflowSnapshot | null> { return this.workflows.snapshot(id); }
  detail(id: string): Promise<WorkflowDetail | null> { return this.workflows.detail(id); }
  list(tenant: string, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>> { return this.index.list(tenant, filter, page); }
  openItems(id: string, node: number, unit: string): Promise<{ offset: number; item: number }[]> { return this.itemReader.openItems(id, node, unit); }
  itemOutcomes(id: string, node: number): Promise<{ outcomes: ItemOutcome[]; shape?: number[] }> { return this.itemReader.itemOutcomes(id, node); }
  itemPage(id: string, node: number, first: number, count: number): Promise<ItemRow[]> { return this.itemReader.itemPage(id, node, first, count); }
  itemStatuses(id: string, node: number): Promise<TaskStatus[]> { return this.itemReader.itemStatuses(id, node); }
  itemEnds(id: string, node: number): Promise<{ total: number; completed: number; failed: number }> { return this.itemReader.itemEnds(id, node); }
  firstItemError(id: string, node: number): Promise<TaskError | undefined> { return this.itemReader.firstItemError(id, node); }
}
