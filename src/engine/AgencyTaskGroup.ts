/** One submission as a whole: accepted or refused with every problem, started, cancelled, cleaned up. */

import { createHash } from "node:crypto";
import { problem, type Problem } from "../errors.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import type { TaskError } from "../workflow/events.js";
import { canonicalJson, isObject, type JsonObject, type JsonValue } from "../workflow/json.js";
import type { Plan, PlanGroup, PlanNode } from "../workflow/plan.js";
import { definitionSchemaProblems } from "../workflow/schemas/definitionSchemas.js";
import { isPriority } from "../workflow/queueName.js";
import { priorityProblem } from "../workflow/rules/queuesAndPriorities.js";
import { contextProblems, validateWorkflow } from "../workflow/validate.js";
import { AcceptedDefinitions } from "./AcceptedDefinitions.js";
import type { RegisteredDefinition } from "./DefinitionRegistry.js";
import type { Caller, SubmitWorkflowInput, SubmitWorkflowOutcome } from "./Engine.js";
import type { ExpanderRegistry } from "./expanders.js";
import type { WorkerDirectory } from "./Fleet.js";
import type { HandlerRegistry } from "./handlers.js";
import { knownHandlersFor } from "./knownHandlers.js";
import type { ParentLink } from "./children.js";
import { nodeKey } from "./nodeKey.js";
import type { SubmitCommand, WorkflowReader, WorkflowStore } from "./ports.js";
import { sessionIdProblems } from "./session.js";
import { enterSession, sessionPart, suppliedBySession } from "./sessionSubmission.js";
import type { Sessions } from "./Sessions.js";
import { newWorkflowId } from "./workflowId.js";
import { flowOf } from "./flows.js";
import { laneMark, markedLane } from "./lanes.js";
import { firstDeadlines, firstPlaces, limitsOf } from "./timeLimits.js";
import { externalReads, firstPhase, firstPhaseLetter, laneOf, nodeName, TaskGroup } from "./TaskGroup.js";
import { lanesField, readyByQueue, uncommonLanesOf } from "./workflowLanes.js";

const MAX_IDEMPOTENCY_KEY = 256;
const MAX_LABELS_BYTES = 64 * 1024;

export interface AgencyTaskGroupServices {
  store: WorkflowStore;
  reader: WorkflowReader;
  handlers: HandlerRegistry;
  directory: WorkerDirectory;
  sessions: Sessions;
  expanders: ExpanderRegistry;
  /** Plans that this process compiles are kept for its workers. */
  keepPlan(plan: Plan): void;
  /**
   * A submission is on its way to this shard: a worker of this process may ask right behind it, without waiting for a
   * doorbell, and need not read what it knows. `context` alternates keys and JSON texts.
   */
  onSubmitting(shard: number, id: string, context: readonly string[]): void;
  /** Lanes that a submission on its way to this shard will use and that workers must be told of. */
  onLanes(shard: number, names: readonly string[]): void;
}

/** A submission whose definition has been found. */
export interface Submission extends SubmitWorkflowInput {
  definition: WorkflowDefinition;
  /** Absent: an inline one. */
  registered?: RegisteredDefinition;
  /** The task that it runs for, and the level of its workflow; stands in the place of an idempotency key. */
  parent?: ParentLink & { depth: number };
}

export class AgencyTaskGroup {
  readonly #accepted = new AcceptedDefinitions();

  constructor(private readonly services: AgencyTaskGroupServices) {}

  /**
   * Validates, compiles, and stores context, plan, counters, indexes and the first events in one step.
   * @throws FanwireError UNAVAILABLE when Redis cannot take it; nothing is stored then, or everything
   *   (ask again with the same idempotency key to be sure).
   */
  async submit(caller: Caller, input: Submission): Promise<SubmitWorkflowOutcome> {
    const context = input.context ?? {};
    const { plan, problems } = await this.#accept(input, context);
    if (!plan) return { duplicate: false, problems };
    this.services.keepPlan(plan);
    const shard = this.#shardFor(caller, keyOf(input));
    const supplied = await suppliedBySession(this.services.sessions, caller, input, context as JsonObject);
    const command = submitCommand(newWorkflowId(shard), caller, input, plan, context as JsonObject, supplied);
    const lanes = uncommonLanesOf(plan, command.mark);
    if (lanes.length > 0) this.services.onLanes(shard, lanes);
    const stored = this.services.store.submitWorkflow(shard, command);
    this.services.onSubmitting(shard, command.id, settledContext(plan, command.context));
    const reply = await stored;
    // An attempt that is tried again may see another context; its workflow is the one that it started first.
    if (reply.code === "CONFLICT" && !input.parent) {
      const message = `The idempotency key ${JSON.stringify(input.idempotencyKey)} stands for workflow ${reply.id}, which has another payload`;
      return { duplicate: false, problems: [problem("IDEMPOTENCY_CONFLICT", message, "idempotencyKey")] };
    }
    if (command.timers) await enterSession(this.services.sessions, caller, input, reply.id);
    return { workflowId: reply.id, duplicate: reply.code !== "OK", problems: [] };
  }

  /** Every open task becomes CANCELLED at once; results of attempts that still run are dropped. */
  async cancel(caller: Caller, id: string, reason?: string): Promise<{ problems: Problem[] }> {
    const error: TaskError = { code: "CANCELLED", message: reason ?? "Cancelled", retryable: false };
    const code = await this.services.store.cancelWorkflow(caller.tenant, id, JSON.stringify(error), caller.request);
    if (code === "NOT_FOUND") return { problems: [problem("NOT_FOUND", `There is no workflow ${id}`, "id")] };
    if (code === "ALREADY_ENDED") return { problems: [problem("ALREADY_ENDED", `Workflow ${id} has already ended`, "id")] };
    return { problems: [] };
  }

  /** Removes an ended workflow with everything that belongs to it. */
  async cleanUp(id: string): Promise<"OK" | "NOT_FOUND" | "RUNNING"> {
    const plan = await this.services.reader.planOf(id);
    const expanded = plan?.nodes.filter((node) => node.expansion).map((node) => node.index) ?? [];
    for (;;) {
      const code = await this.services.store.deleteWorkflow(id, expanded);
      if (code !== "OWES") return code;
      await this.services.sessions.carryOwed(id);
    }
  }

  async #accept(input: Submission, context: JsonValue): Promise<{ plan?: Plan; problems: Problem[] }> {
    const { definition } = input;
    const key = this.#accepted.keyOf(definition, context);
    const known = this.#accepted.planOf(key);
    const handlers = known ? undefined : await knownHandlersFor(definition, this.services.handlers, this.services.directory, this.services.expanders);
    const problems = [
      ...(handlers ? validateWorkflow(definition, context, handlers) : contextProblems(definition, context)),
      ...(await definitionSchemaProblems(definition, context)),
      ...requestProblems(input),
    ];
    if (problems.length > 0) return { problems };
    return { plan: known ?? this.#accepted.accept(handlers?.own ? key : undefined, definition), problems };
  }

  #shardFor(caller: Caller, idempotencyKey: string | undefined): number {
    const { shards } = this.services.store;
    if (shards === 1) return 0;
    if (idempotencyKey === undefined) return Math.floor(Math.random() * shards);
    return createHash("sha256").update(`${caller.tenant}\n${idempotencyKey}`).digest().readUInt32BE(0) % shards;
  }
}

function requestProblems(input: SubmitWorkflowInput): Problem[] {
  const problems: Problem[] = [];
  const { labels, idempotencyKey, priority } = input;
  if (priority !== undefined && !isPriority(priority)) problems.push(priorityProblem("The workflow", priority, "priority"));
  problems.push(...sessionIdProblems(input.sessionId));
  if (labels !== undefined && !isObject(labels)) problems.push(problem("INVALID_VALUE", "labels must be an object", "labels"));
  else if (labels !== undefined && JSON.stringify(labels).length > MAX_LABELS_BYTES) problems.push(problem("LIMIT_EXCEEDED", "labels are larger than 64 KiB", "labels"));
  if (idempotencyKey !== undefined && (idempotencyKey.length === 0 || idempotencyKey.length > MAX_IDEMPOTENCY_KEY)) {
    problems.push(problem("INVALID_VALUE", `An idempotency key has 1 to ${MAX_IDEMPOTENCY_KEY} characters`, "idempotencyKey"));
  }
  return problems;
}

/** What stays as it is: keys without a reducer. */
function settledContext({ root: { reduced } }: Plan, context: readonly string[]): readonly string[] {
  if (reduced.size === 0) return context;
  return context.filter((_, i) => !reduced.has(context[i - (i % 2)] as string));
}

/** What makes a second submission the first one; of a sub-workflow the attempt that it runs for. */
function keyOf({ parent, idempotencyKey }: Submission): string | undefined {
  return parent ? `${parent.workflowId} ${nodeKey(parent.node, parent.path)} ${parent.unit} ${parent.attempt}` : idempotencyKey;
}

/** Keys of sub-workflows have a namespace of their own, where no client's key can come. */
function keyHashOf(input: Submission): string {
  const key = keyOf(input);
  return key === undefined ? "" : `${input.parent ? "child-" : ""}${sha256(key)}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Absent values are left out, so that a definition that says undefined equals one that says nothing. */
function payloadText({ definition, labels, sessionId, priority }: Submission, context: JsonObject): string {
  return canonicalJson(JSON.parse(JSON.stringify({ definition, context, labels, sessionId, priority: priority || undefined })) as JsonValue);
}

/** Context keys and JSON texts, alternating: what the client gives, then what its session supplies. */
function contextTexts(context: JsonObject, supplied: ReadonlyMap<string, string>): string[] {
  return [...Object.entries(context).flatMap(([key, value]) => [key, JSON.stringify(value)]), ...[...supplied].flat()];
}

/** How much a task that reads external keys waits for; of others the plan tells it. */
function openField(plan: Plan, node: PlanNode, missing: ReadonlySet<string>): string[] {
  const keys = externalReads(plan, node);
  const open = node.needs.length + keys.filter((key) => missing.has(key)).length;
  return keys.length === 0 || open === 0 ? [] : [`o${node.index}`, String(open)];
}

/** Groups that are counted from the start: those inside an expanded group are, per instance, when it runs. */
function groupsOf(plan: Plan): PlanGroup[] {
  const counted = new Set(plan.root.nodes.flatMap(groupsAround));
  return plan.groups.filter(({ index }) => counted.has(index));
}

function groupsAround({ groupChain }: PlanNode): number[] {
  return groupChain === "" ? [] : groupChain.split(".").map(Number);
}

/** s, s<group>: what stands in a scope; m<group>: how many tasks an instance has. Only where a group is expanded. */
function scopeFields({ scopes }: Plan): string[] {
  if (scopes.size === 1) return [];
  return [...scopes].flatMap(([group, { nodes, taskCount }]) => [
    `s${group ?? ""}`, nodes.map(nodeName).join(" "),
    ...(group === undefined ? [] : [`m${group}`, String(taskCount)]),
  ]);
}

function submitCommand(id: string, caller: Caller, input: Submission, plan: Plan, context: JsonObject, supplied: ReadonlyMap<string, string>): SubmitCommand {
  const missing = new Set((plan.definition.externalKeys ?? []).filter((key) => !Object.hasOwn(context, key) && !supplied.has(key)));
  const initial = TaskGroup.initial(plan, missing);
  const held = initial.length === 0;
  const started = new Set(initial.flatMap(groupsAround));
  const ready = initial.filter((node) => node.kind === "TASK").length;
  const { taskCount, nodes } = plan.root;
  const places = firstPlaces(plan, initial);
  const deadlines = firstDeadlines(plan, initial, started);
  const { kinds } = limitsOf(plan);
  const keyHash = keyHashOf(input);
  const fields = [
    // What only waits for keys from outside has nothing to wait for a worker with.
    "st", held ? "R" : "P", "hash", plan.hash, "nm", plan.definition.name, "tn", caller.tenant, "left", String(nodes.length),
    // The script reads the counts here.
    "n", `${taskCount} ${taskCount - ready} ${ready} 0 0 0 0 0 0 0`, "nn", String(plan.compensationsFrom), "ng", String(plan.groups.length), ...scopeFields(plan),
  ];
  if (held) fields.push("sta", "0");
  if (kinds !== "") fields.push("lm", kinds, ...places.fields);
  if (input.rerunOf !== undefined) fields.push("rr", input.rerunOf);
  const laneText = lanesField(plan, input.priority);
  if (laneText !== undefined) fields.push("ln", laneText);
  for (const key of missing) fields.push(`k:${key}`, "-");
  for (const key of supplied.keys()) fields.push(`k:${key}`, "0");
  const session = sessionPart(id, caller, input);
  fields.push(...session.fields);
  for (const node of nodes) fields.push(...openField(plan, node, missing));
  if (input.labels !== undefined) fields.push("lb", JSON.stringify(input.labels));
  if (keyHash !== "") fields.push("idem", keyHash);
  if (input.parent) fields.push("pa", keyOf(input) as string, "pt", input.parent.task, "dp", String(input.parent.depth + 1));
  if (input.registered) fields.push("dv", String(input.registered.version), "da", String(input.registered.registeredMs));
  for (const group of groupsOf(plan)) fields.push(`g${group.index}`, `${group.size} 0 ${started.has(group.index) ? 1 : 0}`);
  const lines = held ? ["B", "b"] : ["B"];
  if (supplied.size > 0) lines.push(`cv ${JSON.stringify([...supplied.keys()])}`);
  const lanes: string[] = [];
  const mark = laneMark(input.priority ?? 0, flowOf(caller.tenant, id, ready));
  for (const node of initial) {
    const phase = firstPhase(node);
    for (const group of groupsAround(node)) if (started.delete(group)) lines.push(`G ${group}`);
    lines.push(`R ${node.index}`);
    fields.push(String(node.index), `${places.isHeld(node) ? "Q" : "R"} 1 0 0 0 0 0 - ${firstPhaseLetter(node)} 0`);
    if (!places.isHeld(node)) lanes.push(String(node.index), markedLane(laneOf(node, phase), mark));
  }
  return {
    id, plan, fields, ready: lanes, mark, deadlines,
    held: places.held,
    ...(laneText === undefined ? {} : { readyByQueue: readyByQueue(initial) }),
    tenant: caller.tenant,
    idempotencyKeyHash: keyHash,
    payloadHash: keyHash !== "" ? sha256(payloadText(input, context)) : "",
    context: contextTexts(context, supplied),
    eventLines: lines.join("\n"),
    eventCount: lines.length,
    ...(session.timers.length > 0 ? { timers: session.timers } : {}),
  };
}
