/** Walks all keys of a deployment and finds what is orphaned, unknown or at odds with the rest; changes nothing. */

import { readNodeKey } from "../../engine/nodeKey.js";
import { compilePlan } from "../../workflow/compilePlan.js";
import type { WorkflowDefinition } from "../../workflow/definition.js";
import type { Plan } from "../../workflow/plan.js";
import { Keys, shardPrefix } from "../keys.js";
import { readyKey } from "../readiness.js";
import { checkContexts } from "./checkContexts.js";
import { checkInstances } from "./checkInstances.js";
import { checkItems } from "./checkItems.js";
import { checkFeed } from "./checkFeed.js";
import { checkLanes } from "./checkLanes.js";
import { checkShard, type ShardView } from "./checkShard.js";
import { checkTimers } from "./checkTimers.js";
import { checkLog, checkWorkflow } from "./checkWorkflow.js";
import { Findings, type Finding } from "./findings.js";
import { imageOf, type WorkflowImage } from "./image.js";
import { DEPLOYMENT_KEYS, keyKindOf, type FoundKey, type KeyKind } from "./kinds.js";
import type { FsckReads } from "./reads.js";
import { isCounted } from "./scopes.js";

/**
 * While work goes on, keys are read one after another and what is found may be of two moments: ask again, and believe what
 * is found both times. At rest, or from a picture of one moment, it is exact.
 * @returns nothing when all is well
 */
export async function fsck(reads: FsckReads, keyPrefix: string, shards: number): Promise<Finding[]> {
  const findings = new Findings();
  const all = (await reads.keysUnder(`${keyPrefix}:`)).sort();
  const prefixes = Array.from({ length: shards }, (_, shard) => shardPrefix(keyPrefix, shard));
  const known = new Set(DEPLOYMENT_KEYS.map((name) => `${keyPrefix}:${name}`));
  const probes = new Set(prefixes.map((_, shard) => readyKey(keyPrefix, shard)));
  for (const key of all) {
    if (!known.has(key) && !probes.has(key) && !prefixes.some((prefix) => key.startsWith(prefix))) findings.add("KEY_UNKNOWN", key, "No shard of this deployment has it");
  }
  for (const prefix of prefixes) await checkOneShard(new Keys(prefix), all.filter((key) => key.startsWith(prefix)), reads, findings);
  return findings.all;
}

/**
 * Two looks: what both find is not of a moment between two reads.
 * @param pauseMs between them
 */
export async function confirmedFindings(reads: FsckReads, keyPrefix: string, shards: number, pauseMs = 1_000): Promise<Finding[]> {
  const first = new Set((await fsck(reads, keyPrefix, shards)).map(textOf));
  if (first.size === 0) return [];
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  return (await fsck(reads, keyPrefix, shards)).filter((finding) => first.has(textOf(finding)));
}

function textOf({ code, key, message }: Finding): string {
  return `${code} ${key} ${message}`;
}

async function checkOneShard(keys: Keys, all: readonly string[], reads: FsckReads, findings: Findings): Promise<void> {
  const found = new Map<KeyKind["name"], FoundKey[]>();
  for (const key of all) {
    const kind = keyKindOf(key, key.slice(keys.prefix.length));
    if (!kind) findings.add("KEY_UNKNOWN", key, "The product has no name for it");
    else if (await hasRightType(kind, reads, findings)) found.set(kind.kind.name, [...(found.get(kind.kind.name) ?? []), kind]);
  }
  const workflows = new Map<string, WorkflowImage>();
  const view: ShardView = { keys, found, workflows, reads, findings };
  const plans = new Map<string, Plan | undefined>();
  for (const { key, args } of found.get("workflow") ?? []) {
    const image = await readWorkflow(args[0] as string, key, plans, view);
    await checkOneWorkflow(image, view);
    workflows.set(image.id, image.open ? image : slim(image));
  }
  checkOwners(view);
  await checkShard(view);
  await checkFeed(view);
  const leases = await reads.hash(keys.leases);
  checkTimers({ timersKey: keys.timers, timers: await reads.scores(keys.timers), leasesKey: keys.leases, leases }, workflows, findings);
  await checkLanes(keys, (found.get("lane") ?? []).map(({ key }) => key), workflows, reads, findings);
}

async function hasRightType({ key, kind }: FoundKey, reads: FsckReads, findings: Findings): Promise<boolean> {
  const type = await reads.type(key);
  if (type !== kind.type) {
    // One that went since it was listed is no finding.
    if (type !== "none") findings.add("KEY_TYPE", key, `It is a ${type}, should be a ${kind.type}`);
    return false;
  }
  if (kind.expires && !(await reads.expires(key))) findings.add("KEY_FOR_EVER", key, "It has no expiry");
  return true;
}

async function readWorkflow(id: string, key: string, plans: Map<string, Plan | undefined>, { keys, reads, findings }: ShardView): Promise<WorkflowImage> {
  const fields = await reads.hash(key);
  const hash = fields["hash"] ?? "";
  if (!plans.has(hash)) plans.set(hash, planOf((await reads.hashFields(keys.definition(hash), ["text"]))[0]));
  return imageOf(id, key, fields, plans.get(hash), findings);
}

/** Of ended workflows there may be very many: only what the rest of the shard is compared with is kept. */
function slim(image: WorkflowImage): WorkflowImage {
  const kept = ["st", "tn", "sub", "hash", "idem", "n", "ev"];
  const fields = Object.fromEntries(Object.entries(image.fields).filter(([field]) => kept.includes(field)));
  return { ...image, fields, tasks: new Map(), units: new Map(), items: new Map() };
}

function planOf(text: string | null | undefined): Plan | undefined {
  return text == null ? undefined : compilePlan(JSON.parse(text) as WorkflowDefinition);
}

/** What belongs to a workflow goes with it; the items of a task exist only where a task is expanded. */
function checkOwners({ found, workflows, findings }: ShardView): void {
  for (const keys of found.values()) {
    for (const { key, kind, args } of keys) {
      const image = kind.ofWorkflow ? workflows.get(args[0] as string) : undefined;
      if (kind.ofWorkflow && !image) findings.add("KEY_ORPHAN", key, "Its workflow does not exist");
      if (kind.name === "instances" && image?.plan?.scopes.size === 1) findings.add("KEY_ORPHAN", key, "Its workflow has no expanded group");
      const node = kind.name === "items" ? image?.plan?.nodes[Number(args[1])] : undefined;
      if (kind.name === "items" && image?.plan && !node?.expansion) findings.add("KEY_ORPHAN", key, "Its task is not expanded");
    }
  }
}

async function checkOneWorkflow(image: WorkflowImage, { keys, reads, findings }: ShardView): Promise<void> {
  checkWorkflow(image, findings);
  for (const [node, x] of image.items) {
    const record = image.tasks.get(node);
    if (x.total === 0 || !record || !isCounted(record)) continue;
    const { node: index } = readNodeKey(node);
    const check = image.plan?.nodes[index]?.kind === "GROUP" ? checkInstances : checkItems;
    await check(image, node, keys.items(image.id, index), reads, findings);
  }
  await checkContexts(image, keys, reads, findings);
  await checkLog(image, keys.events(image.id), reads, findings);
}
