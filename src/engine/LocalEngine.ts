/** The engine facade: verbs go to AgencyTaskGroup, questions to the readers. */

import type { Problem } from "../errors.js";
import { FanwireError } from "../errors.js";
import { buildPlanReport } from "../workflow/buildPlanReport.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";
import { withExpansions } from "../workflow/planEstimate.js";
import type { PlanReport } from "../workflow/planReport.js";
import { withProblems } from "../workflow/planReport.js";
import { definitionSchemaProblems } from "../workflow/schemas/definitionSchemas.js";
import type { TaskStatus } from "../workflow/status.js";
import { unservedHandlers } from "../workflow/unservedHandlers.js";
import type { AgencyTaskGroup } from "./AgencyTaskGroup.js";
import type { ContextReader } from "./ContextReader.js";
import type { DefinitionRegistry, RegisterDefinitionOutcome, RegisteredDefinition } from "./DefinitionRegistry.js";
import type { Caller, Changed, Engine, SubmitWorkflowInput, SubmitWorkflowOutcome } from "./Engine.js";
import type { ExpanderRegistry } from "./expanders.js";
import type { WorkerDirectory } from "./Fleet.js";
import type { HandlerInfo, HandlerRegistry } from "./handlers.js";
import { pageOfItems } from "./itemPages.js";
import { knownHandlersFor } from "./knownHandlers.js";
import type { WorkflowReader } from "./ports.js";
import { pageOfInstances, pageOfTasks } from "./taskPages.js";
import type { AttemptState, GroupState, ItemState, Page, PageRequest, TaskState, WorkflowDetail, WorkflowFilter, WorkflowSnapshot } from "./snapshot.js";
import type { Sessions } from "./Sessions.js";
import { masked } from "./secrets.js";
import type { SignalDesk, SignalTaskInput, SignalTaskOutcome } from "./SignalDesk.js";
import { compensationScope } from "./compensation.js";
import { locate } from "./locate.js";
import type { NodeKey } from "./nodeKey.js";
import { placeOf } from "./Place.js";
import { resultOf } from "./taskResult.js";
import { readableKeys, TaskScope } from "./TaskScope.js";
import type { WorkflowControl } from "./WorkflowControl.js";

export interface LocalEngineServices {
  workflows: AgencyTaskGroup;
  definitions: DefinitionRegistry;
  control: WorkflowControl;
  signals: SignalDesk;
  sessions: Sessions;
  reader: WorkflowReader;
  contexts: ContextReader;
  handlers: HandlerRegistry;
  directory: WorkerDirectory;
  expanders: ExpanderRegistry;
}

export class LocalEngine implements Engine {
  constructor(private readonly services: LocalEngineServices) {}

  async submitWorkflow(caller: Caller, input: SubmitWorkflowInput): Promise<SubmitWorkflowOutcome> {
    const found = await this.services.definitions.resolve(caller, input);
    return "problems" in found ? { duplicate: false, ...found } : this.services.workflows.submit(caller, { ...input, ...found });
  }

  registerDefinition(caller: Caller, definition: WorkflowDefinition): Promise<RegisterDefinitionOutcome> {
    return this.services.definitions.register(caller, definition);
  }

  definition(caller: Caller, name: string, version?: number): Promise<RegisteredDefinition | null> {
    return this.services.definitions.find(caller, name, version);
  }

  definitions(caller: Caller, page: PageRequest): Promise<Page<RegisteredDefinition>> {
    return this.services.definitions.list(caller, page);
  }

  cancelWorkflow(caller: Caller, id: string, reason?: string): Promise<{ problems: Problem[] }> {
    return this.#once(caller, id, () => this.services.workflows.cancel(caller, id, reason));
  }

  pauseWorkflow(caller: Caller, id: string): Promise<Changed> { return this.#once(caller, id, () => this.services.control.pause(caller, id)); }
  resumeWorkflow(caller: Caller, id: string): Promise<Changed> { return this.#once(caller, id, () => this.services.control.resume(caller, id)); }
  retryWorkflow(caller: Caller, id: string): Promise<Changed> { return this.#once(caller, id, () => this.services.control.retry(caller, id)); }
  rerunWorkflow(caller: Caller, id: string, context?: JsonValue, idempotencyKey?: string): Promise<SubmitWorkflowOutcome> {
    return this.services.control.rerun(caller, id, context, idempotencyKey);
  }
  provideContext(caller: Caller, id: string, values: JsonValue): Promise<Changed> { return this.#once(caller, id, () => this.services.control.provide(caller, id, values)); }
  deleteWorkflow(caller: Caller, id: string): Promise<{ deleted: boolean; problems: Problem[] }> { return this.services.control.remove(caller, id); }
  signalTask(caller: Caller, input: SignalTaskInput): Promise<SignalTaskOutcome> { return this.#once(caller, input.workflowId, () => this.services.signals.signal(caller, input)); }

  /** What took effect is not looked at anew: what it finds now is its own doing, or what others have done since. The verb's script decides all the same. */
  async #once<T extends { problems: Problem[] }>({ request }: Caller, workflowId: string, verb: () => Promise<T>): Promise<T | { problems: Problem[] }> {
    return request !== undefined && (await this.services.reader.tookEffect(workflowId, request)) ? { problems: [] } : verb();
  }

  async planWorkflow(definition: WorkflowDefinition, context?: JsonValue): Promise<PlanReport> {
    const { handlers, directory, expanders } = this.services;
    const known = await knownHandlersFor(definition, handlers, directory, expanders);
    const checked = withProblems(buildPlanReport(definition, context, known), await definitionSchemaProblems(definition, context));
    const report = await withExpansions(checked, definition, context);
    const served = await directory.served();
    // Of a misshapen definition not even the tasks are looked at.
    return report.nodes.length === 0 ? report : { ...report, warnings: [...report.warnings, ...unservedHandlers(definition, served.serves)] };
  }

  async handlers(): Promise<HandlerInfo[]> {
    const { handlers, directory } = this.services;
    const elsewhere = [...(await directory.served()).handlers].filter((name) => !handlers.get(name)).sort();
    return [...handlers.list(), ...elsewhere.map((name) => ({ name, description: "Held by a worker in another process.", builtIn: false }))];
  }

  async workflow(caller: Caller, id: string): Promise<WorkflowSnapshot | null> {
    const snapshot = await this.services.reader.snapshot(id);
    return snapshot?.tenant === caller.tenant ? snapshot : null;
  }

  async workflowDetail(caller: Caller, id: string): Promise<WorkflowDetail | null> {
    const detail = await this.services.reader.detail(id);
    return detail?.tenant === caller.tenant ? detail : null;
  }

  workflows(caller: Caller, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>> {
    return this.services.reader.list(caller.tenant, filter, page);
  }

  async task(detail: WorkflowDetail, address: string): Promise<TaskState | undefined> {
    const found = await locate(this.services.reader, detail.plan, detail.id, address);
    if (!found || found.node.kind !== "TASK" || found.identifier !== undefined) return undefined;
    if (found.path === "") return detail.tasks.find(({ node }) => node.index === found.node.index);
    const instance = await this.services.reader.instance(detail, found.path);
    return instance && tasksOf(instance).find(({ node }) => node.index === found.node.index);
  }

  async group(detail: WorkflowDetail, address: string): Promise<GroupState | undefined> {
    const declared = groupAt(detail.groups, address);
    if (declared) return declared;
    const end = address.lastIndexOf("]");
    const found = end < 0 ? undefined : await locate(this.services.reader, detail.plan, detail.id, address.slice(0, end + 1));
    const instance = found?.node.kind === "GROUP" ? await this.services.reader.instance(detail, found.path) : undefined;
    return instance && groupAt([instance], address);
  }

  tasks(detail: WorkflowDetail, filter: { status?: readonly TaskStatus[] }, page: { first: number; after?: string }): Promise<Page<TaskState>> {
    return pageOfTasks(this.services.reader, detail, filter.status, page);
  }

  instances(detail: WorkflowDetail, group: GroupState, page: { first: number; after?: string }): Promise<Page<GroupState>> {
    return pageOfInstances(this.services.reader, detail, group, page);
  }
  hasSession({ tenant }: Caller, id: string): Promise<boolean> { return this.services.sessions.exists({ tenant, id }); }
  sessionContext({ tenant }: Caller, id: string): Promise<JsonObject> { return this.services.sessions.context({ tenant, id }); }

  async context(id: string, keys?: readonly string[]): Promise<JsonObject> {
    const plan = await this.services.reader.planOf(id);
    return plan ? this.services.contexts.readNow(id, plan, keys) : {};
  }

  items(task: TaskState, filter: { status?: TaskStatus[] }, page: PageRequest): Promise<Page<ItemState>> {
    return pageOfItems(this.services.reader, task, filter, page);
  }

  async result(task: TaskState): Promise<JsonValue | undefined> {
    if (task.status !== "COMPLETED") return undefined;
    const plan = await this.services.reader.planOf(task.workflowId);
    return plan && resultOf(this.services.reader, this.services.contexts, plan, task.node, task);
  }

  async input(task: TaskState): Promise<JsonValue | undefined> {
    if (task.status === "PENDING" || task.node.expansion || task.readyMs === undefined) return undefined;
    const plan = await this.services.reader.planOf(task.workflowId);
    if (!plan) return undefined;
    const scope = await this.#scope(plan, task);
    try {
      const { input } = compiledTask(task.node);
      return await input.render(input.secrets.length > 0 ? masked(scope) : scope);
    } catch (error) {
      // The attempt failed for the same reason, and says so in its error.
      if (error instanceof FanwireError) return undefined;
      throw error;
    }
  }

  async #scope(plan: Plan, { workflowId, node, path, attempt }: TaskState): Promise<TaskScope> {
    const { reader, contexts } = this.services;
    if (node.compensates !== undefined) return compensationScope({ reader, contexts }, { workflowId, path, attempt }, plan, node);
    const values = await contexts.load(placeOf(plan, node, { workflowId, path }), readableKeys(node));
    return new TaskScope(values, node, { workflowId, workflowName: plan.definition.name, attempt });
  }

  childOfItem(workflowId: string, node: NodeKey, item: number): Promise<string | undefined> {
    return this.services.reader.childOfItem(workflowId, node, item);
  }

  attempts(task: TaskState): AttemptState[] {
    const current = task.attempt > task.earlierAttempts.length && task.startedMs !== undefined && task.status !== "READY" && task.status !== "WAITING";
    if (!current) return task.earlierAttempts;
    return [...task.earlierAttempts, {
      number: task.attempt,
      startedMs: task.startedMs as number,
      ...(task.worker === undefined ? {} : { worker: task.worker }),
      ...(task.finishedMs === undefined ? {} : { finishedMs: task.finishedMs }),
      ...(task.error === undefined ? {} : { error: task.error }),
    }];
  }
}

function groupAt(groups: readonly GroupState[], address: string): GroupState | undefined {
  const found = groups.find((group) => group.address === address || address.startsWith(`${group.address}.`));
  return found === undefined || found.address === address ? found : groupAt(found.groups, address);
}

function tasksOf(group: GroupState): TaskState[] {
  return [...group.tasks, ...group.groups.flatMap(tasksOf)];
}
