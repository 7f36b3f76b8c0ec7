/** Reads workflows: headers for lists, details with every task, context and results. */

import type { Redis } from "./connect.js";
import type { WorkerDirectory } from "../engine/Fleet.js";
import { nodeKey, readNodeKey, type InstancePath, type NodeKey } from "../engine/nodeKey.js";
import type { UnitRecord } from "../engine/ports.js";
import type { AttemptState, TaskState, WaitReason, WorkflowDetail, WorkflowSnapshot } from "../engine/snapshot.js";
import { ownSessionId } from "../engine/session.js";
import { taskNodes } from "../workflow/compensations.js";
import { addressIn } from "../workflow/addresses.js";
import { skipError, type TaskError, type TaskProgress } from "../workflow/events.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { TaskStatus } from "../workflow/status.js";
import { byIndex, groupState, liveInstances } from "./groupStates.js";
import { addChildren } from "./childWaits.js";
import { compensationFields, compensationsIn } from "./compensationStates.js";
import { externalKeys } from "./outsideWaits.js";
import { HeaderReader } from "./HeaderReader.js";
import { hashIn, HEADER_FIELDS, snapshotOf } from "./headers.js";
import type { ShardKeys } from "./keys.js";
import { itemField, type NodeFields } from "./NodeFields.js";
import type { PlanCache } from "./PlanCache.js";
import { itemCounts, readItemsRecord, readRecord } from "./records.js";
import { addWaitReasons } from "./waitReasons.js";

export class WorkflowReader {
  readonly #headers: HeaderReader;

  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly plans: PlanCache, private readonly directory: WorkerDirectory, private readonly fields: NodeFields) {
    this.#headers = new HeaderReader(redis, shards);
  }

  async plan(shard: number, hash: string): Promise<Plan | undefined> {
    return this.plans.cached(hash) ?? this.plans.get(this.shards.of(shard), hash);
  }

  cachedPlan(hash: string): Plan | undefined {
    return this.plans.cached(hash);
  }

  async planOf(workflowId: string): Promise<Plan | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    const hash = keys && (await this.redis.hget(keys.workflow(workflowId), "hash"));
    return keys && hash ? this.plans.get(keys, hash) : undefined;
  }

  async tookEffect(workflowId: string, request: string): Promise<boolean> {
    const keys = this.shards.ofWorkflow(workflowId);
    return keys !== undefined && (await this.redis.hexists(keys.workflow(workflowId), request)) === 1;
  }

  async unit(workflowId: string, node: NodeKey, unit: string): Promise<UnitRecord | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return undefined;
    const group = readNodeKey(String(node)).path?.split(".", 1)[0] ?? "";
    const [text, sub, own, inside] = await this.redis.hmget(keys.workflow(workflowId), unit === "-" ? String(node) : `${node}:${unit}`, "sub", `b${node}`, `a${group}`);
    const base = own ?? inside;
    return text ? { ...readRecord(text, Number(sub)), ...(base == null ? {} : { base: Number(base) }) } : undefined;
  }

  async delayedResult(workflowId: string, node: NodeKey, unit: string): Promise<string | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    const field = unit === "-" ? `y${node}` : `y${node}:${unit}`;
    return (keys && (await this.redis.hget(keys.workflow(workflowId), field))) ?? undefined;
  }

  async resultText(workflowId: string, node: NodeKey): Promise<string | undefined> {
    return (await this.fields.read(workflowId, node, ["r"]))?.values[0];
  }

  async round(workflowId: string, node: number): Promise<number> {
    return Number((await this.fields.read(workflowId, node, ["j"]))?.values[0] ?? 0);
  }

  async taskEnd(workflowId: string, node: NodeKey): Promise<{ status: TaskStatus; skippedBy?: string } | undefined> {
    const found = await this.fields.read(workflowId, node, ["", "e"]);
    const [record, error] = found?.values ?? [];
    if (!found || record === undefined) return undefined;
    const { status } = readRecord(record, found.submittedMs);
    return { status, ...(status === "SKIPPED" && error !== undefined ? { skippedBy: error } : {}) };
  }

  async completedResults(workflowId: string, nodes: readonly number[], path?: InstancePath): Promise<Map<number, string | undefined>> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys || nodes.length === 0) return new Map();
    const names = nodes.map((node) => nodeKey(node, path));
    const live = await this.redis.hmget(keys.workflow(workflowId), ...names.flatMap((name) => [String(name), `r${name}`]));
    const packed = path && live.every((text) => text === null) ? await this.fields.packed(workflowId, path) : undefined;
    const texts = packed ? nodes.flatMap((node) => [packed[node], packed[`r${node}`]]) : live;
    return new Map(nodes.flatMap((node, i): [number, string | undefined][] =>
      (texts[i * 2]?.startsWith("C ") ? [[node, texts[i * 2 + 1] ?? undefined]] : [])));
  }

  async contextTexts(workflowId: string, wanted?: readonly string[]): Promise<Map<string, string>> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys || wanted?.length === 0) return new Map();
    if (!wanted) return new Map(Object.entries(await this.redis.hgetall(keys.context(workflowId))));
    const texts = await this.redis.hmget(keys.context(workflowId), ...wanted);
    return new Map(wanted.flatMap((key, i): [string, string][] => (texts[i] == null ? [] : [[key, texts[i]]])));
  }

  async sessionIdOf(workflowId: string): Promise<string> {
    const keys = this.shards.ofWorkflow(workflowId);
    return (keys && (await this.redis.hget(keys.workflow(workflowId), "ss"))) ?? ownSessionId(workflowId);
  }

  async contextKeys(workflowId: string): Promise<string[]> {
    const keys = this.shards.ofWorkflow(workflowId);
    return keys ? this.redis.hkeys(keys.context(workflowId)) : [];
  }

  async childOfItem(workflowId: string, node: NodeKey, item: number): Promise<string | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    const { node: index, path } = readNodeKey(String(node));
    return (keys && (await this.redis.hget(keys.items(workflowId, index), itemField(path, `w${item}`)))) ?? undefined;
  }

  async snapshot(id: string): Promise<WorkflowSnapshot | null> {
    return (await this.snapshots([id]))[0] ?? null;
  }

  /** In the order of the ids; null for those that are gone. */
  async snapshots(ids: readonly string[]): Promise<(WorkflowSnapshot | null)[]> {
    const headers = await this.#headers.read(ids);
    const plans = headers.map((header) => header && this.plans.cached(hashIn(header)));
    // A promise for every row of a list would cost more than the rest of it; most plans are known.
    await Promise.all(headers.flatMap((header, i) => {
      const keys = header && !plans[i] ? this.shards.ofWorkflow(ids[i] as string) : undefined;
      return header && keys ? [this.plans.get(keys, hashIn(header)).then((plan) => { plans[i] = plan; })] : [];
    }));
    return headers.map((header, i) => (header && plans[i] ? snapshotOf(ids[i] as string, header, plans[i]) : null));
  }

  async detail(id: string): Promise<WorkflowDetail | null> {
    const keys = this.shards.ofWorkflow(id);
    if (!keys) return null;
    const fields = await this.redis.hgetall(keys.workflow(id));
    if (fields.st === undefined) return null;
    const plan = await this.plans.get(keys, fields.hash as string);
    if (!plan) return null;
    const snapshot = snapshotOf(id, HEADER_FIELDS.map((name) => fields[name]), plan);
    const compensations = compensationFields(plan, fields);
    const tasks = [
      ...taskNodes(plan).map((node) => taskState(snapshot, node, node.scope === undefined ? fields : {})),
      ...compensationsIn(plan, compensations.get("")).map((node) => taskState(snapshot, node, fields)),
    ];
    const external = externalKeys(fields);
    addChildren(tasks, fields);
    const places = takenPlaces(fields);
    await addWaitReasons({ workflow: snapshot, tasks: byIndex(tasks), fields, missing: external.missing, places }, () => this.directory.served());
    const live = liveInstances(plan, fields);
    const scope = { plan, tasks: byIndex(tasks), live, compensations, fields, path: "", identifiers: [] };
    const groups = plan.groups.filter((group) => group.parent === undefined).map((group) => groupState(scope, group));
    return { ...snapshot, tasks, external, live, compensations, places, groups };
  }
}

/** c<group>, c<group>@<path>: how many places of a limited group are taken. */
function takenPlaces(fields: Readonly<Record<string, string>>): Map<string, number> {
  return new Map(Object.entries(fields).flatMap(([field, text]): [string, number][] => (/^c\d+(@[\d.]+)?$/.test(field) ? [[field.slice(1), Number(text)]] : [])));
}

/** @param place of a task in an instance of an expanded group, whose fields then come without its path */
export function taskState(workflow: WorkflowSnapshot, node: PlanNode, fields: Readonly<Record<string, string>>, place: { path?: string; identifiers?: readonly string[] } = {}): TaskState {
  const k = node.index;
  const text = fields[String(k)];
  const earlierAttempts = attemptsOf(fields[`h${k}`], workflow.submittedMs);
  const base = {
    workflowId: workflow.id, node, address: addressIn(workflow.plan, node.address, place.path, place.identifiers), ...(place.path ? { path: place.path } : {}),
    waitingFor: [] as WaitReason[], earlierAttempts, base: Number(fields[`b${k}`] ?? 0),
    ...(fields[`a${k}`] === undefined ? {} : { baseInside: Number(fields[`a${k}`]) }),
  };
  if (text === undefined) return { ...base, status: "PENDING", attempt: earlierAttempts.length };
  const record = readRecord(text, workflow.submittedMs);
  const items = fields[`x${k}`];
  const error = errorOf(fields[`e${k}`], workflow.plan, node, place);
  const progress = fields[`p${k}`];
  return {
    ...base,
    status: record.status,
    attempt: record.attempt,
    ...(items === undefined ? {} : { itemCounts: itemCounts(readItemsRecord(items), record.status) }),
    ...(error === undefined ? {} : { error }),
    ...(fields[`e${k}`]?.startsWith("U") ? { skippedBy: Number(fields[`e${k}`]?.slice(1)) } : {}),
    ...(progress === undefined ? {} : { progress: progressOf(progress) }),
    ...(record.worker === undefined ? {} : { worker: record.worker }),
    ...(record.readyMs === undefined ? {} : { readyMs: record.readyMs }),
    ...(record.startedMs === undefined ? {} : { startedMs: record.startedMs }),
    ...(record.finishedMs === undefined ? {} : { finishedMs: record.finishedMs }),
  };
}

/** e<k>: JSON of a failure, or why it was skipped: `C` its own condition, `U<task>` that task. */
function errorOf(text: string | undefined, plan: Plan, node: PlanNode, place: { path?: string; identifiers?: readonly string[] }): TaskError | undefined {
  if (text === undefined) return undefined;
  return text.startsWith("{") ? (JSON.parse(text) as TaskError) : skipError(plan, node, text, place.path, place.identifiers);
}

function progressOf(text: string): TaskProgress {
  const space = text.indexOf(" ");
  return { ...(JSON.parse(text.slice(space + 1)) as TaskProgress), atMs: Number(text.slice(0, space)) };
}

/** h<k>: a line per attempt before the current one: startedMs finishedMs worker error, `-` of one that completed and was undone */
function attemptsOf(text: string | undefined, submittedMs: number): AttemptState[] {
  if (text === undefined) return [];
  return text.split("\n").map((line, i) => {
    const [started, finished, worker] = line.split(" ", 3) as [string, string, string];
    const error = line.slice(started.length + finished.length + worker.length + 3);
    const failed = error === "-" ? {} : { error: JSON.parse(error) as TaskError };
    return { number: i + 1, worker, startedMs: submittedMs + Number(started), finishedMs: submittedMs + Number(finished), ...failed };
  });
}
