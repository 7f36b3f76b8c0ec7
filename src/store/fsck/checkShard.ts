/** Checks what many workflows share: indexes, idempotency keys, definitions, the registry, the load, the notes of workers. */

import { createHash } from "node:crypto";
import type { Keys } from "../keys.js";
import type { Findings } from "./findings.js";
import type { WorkflowImage } from "./image.js";
import type { FoundKey, KeyKind } from "./kinds.js";
import type { FsckReads } from "./reads.js";
import { ofTask } from "./scopes.js";

export interface ShardView {
  keys: Keys;
  /** Keys of the shard by what they are. */
  found: ReadonlyMap<KeyKind["name"], readonly FoundKey[]>;
  workflows: ReadonlyMap<string, WorkflowImage>;
  reads: FsckReads;
  findings: Findings;
}

export async function checkShard(view: ShardView): Promise<void> {
  await checkIndexes(view);
  await checkIdempotency(view);
  await checkDefinitions(view);
  await checkRegistry(view);
  await checkLoad(view);
  await checkWorkers(view);
}

function of(view: ShardView, name: KeyKind["name"]): readonly FoundKey[] {
  return view.found.get(name) ?? [];
}

/** Every workflow is in `all` and in the index of its status, at its time of submission, and nowhere else. */
async function checkIndexes(view: ShardView): Promise<void> {
  const { keys, workflows, reads, findings } = view;
  const tenants = new Set(await reads.members(keys.tenants));
  const expected = new Map<string, Map<string, number>>();
  for (const { id, key, tenant, status, fields } of workflows.values()) {
    if (!tenants.has(tenant)) findings.add("INDEX_WRONG", keys.tenants, `The tenant ${tenant} of ${key} is missing`);
    for (const name of ["all", status]) {
      const index = keys.index(tenant, name);
      if (!expected.has(index)) expected.set(index, new Map());
      expected.get(index)?.set(id, Number(fields["sub"]));
    }
  }
  for (const index of new Set([...expected.keys(), ...of(view, "index").map(({ key }) => key)])) {
    const stored = await reads.scores(index);
    const wanted = expected.get(index) ?? new Map<string, number>();
    for (const [id, ms] of wanted) if (stored.get(id) !== ms) findings.add("INDEX_WRONG", index, `${id} is at ${stored.get(id)}, should be at ${ms}`);
    for (const id of stored.keys()) if (!wanted.has(id)) findings.add("INDEX_WRONG", index, `${id} does not belong here`);
  }
}

async function checkIdempotency(view: ShardView): Promise<void> {
  const { keys, workflows, reads, findings } = view;
  for (const { key, args } of of(view, "idempotency")) {
    const [tenant, hash] = args;
    const { id = "" } = await reads.hash(key);
    const workflow = workflows.get(id);
    if (workflow?.tenant !== tenant || workflow?.fields["idem"] !== hash) findings.add("IDEMPOTENCY_WRONG", key, `It stands for ${id}, which ${workflow ? "is not its own" : "is gone"}`);
  }
  const there = new Set(of(view, "idempotency").map(({ key }) => key));
  for (const { key, tenant, fields } of workflows.values()) {
    if (fields["idem"] !== undefined && !there.has(keys.idempotency(tenant, fields["idem"]))) findings.add("IDEMPOTENCY_WRONG", key, "Its idempotency key is gone");
  }
}

async function checkDefinitions(view: ShardView): Promise<void> {
  const { keys, workflows, reads, findings } = view;
  const uses = new Map<string, number>();
  for (const { fields } of workflows.values()) uses.set(fields["hash"] ?? "", (uses.get(fields["hash"] ?? "") ?? 0) + 1);
  for (const { key, args } of of(view, "definition")) {
    const [stored, text] = await reads.hashFields(key, ["uses", "text"]);
    const used = uses.get(args[0] as string) ?? 0;
    uses.delete(args[0] as string);
    if (used === 0) findings.add("KEY_ORPHAN", key, "No workflow has this definition");
    findings.same("DEFINITION_USES_WRONG", key, "The count of uses", Number(stored), used);
    if (text == null) findings.add("KEY_MISSING", key, "The definition has no text");
  }
  for (const [hash, count] of uses) findings.add("KEY_MISSING", keys.definition(hash), `${count} workflows have this definition`);
}

/** Names and versions: 1, 2, 3 ... each with its text, its time and the hash of its content. */
async function checkRegistry(view: ShardView): Promise<void> {
  const { keys, reads, findings } = view;
  const listed = new Map<string, string>();
  for (const { key, args } of of(view, "definitionNames")) {
    const tenant = args[0] as string;
    for (const name of (await reads.scores(key)).keys()) listed.set(keys.definitionVersions(tenant, createHash("sha256").update(name).digest("base64url")), name);
  }
  for (const { key } of of(view, "definitionVersions")) {
    const fields = await reads.hash(key);
    const count = Number(fields["n"]);
    if (!listed.delete(key)) findings.add("KEY_ORPHAN", key, "Its name is not in the list of names");
    const hashes = Object.entries(fields).filter(([field]) => field.startsWith("h")).map(([, version]) => Number(version)).sort((a, b) => a - b);
    const whole = hashes.length === count && hashes.every((version, i) => version === i + 1 && fields[`d${version}`] !== undefined && fields[`t${version}`] !== undefined);
    if (!whole || Object.keys(fields).length !== 1 + 3 * count) findings.add("REGISTRY_WRONG", key, `It counts ${count} versions and has ${Object.keys(fields).sort().join(", ")}`);
  }
  for (const [key, name] of listed) findings.add("KEY_MISSING", key, `${name} is in the list of names`);
}

async function checkLoad({ keys, workflows, reads, findings }: ShardView): Promise<void> {
  const load = await reads.hash(keys.load);
  const places = { R: 2, X: 3, W: 4 };
  for (const [letter, place] of Object.entries(places)) {
    let sum = 0;
    for (const { fields } of workflows.values()) sum += Number(fields["n"]?.split(" ")[place] ?? 0);
    findings.same("LOAD_WRONG", keys.load, letter, Number(load[letter] ?? 0), sum);
  }
  const inQueues = loadOfQueues(workflows.values());
  for (const field of new Set([...Object.keys(load), ...inQueues.keys()])) {
    if (field in places) continue;
    if (/^[RXW]@/.test(field)) findings.same("LOAD_WRONG", keys.load, field, Number(load[field] ?? 0), inQueues.get(field) ?? 0);
    else findings.add("FIELD_UNKNOWN", keys.load, `The field ${field}`);
  }
}

/** What is ready, runs and waits in queues other than the default one: R@<queue> and so on. */
function loadOfQueues(workflows: Iterable<WorkflowImage>): Map<string, number> {
  const load = new Map<string, number>();
  for (const image of workflows) {
    const queueOf = new Map([...(image.fields["ln"] ?? "").matchAll(/ (\d+)=(\S+)/g)].map(([, node, queue]) => [node as string, queue as string]));
    if (queueOf.size === 0 || !image.open) continue;
    for (const [node, record] of image.tasks) {
      const queue = queueOf.get(node.split("@", 1)[0] as string);
      if (queue === undefined) continue;
      const { ready, running, waiting } = ofTask(record, image.fields[`x${node}`]);
      for (const [letter, count] of [["R", ready], ["X", running], ["W", waiting]] as const) load.set(`${letter}@${queue}`, (load.get(`${letter}@${queue}`) ?? 0) + count);
    }
  }
  return load;
}

async function checkWorkers({ keys, reads, findings }: ShardView): Promise<void> {
  const notes = await reads.hash(keys.workers);
  const alive = await reads.scores(keys.workersAlive);
  for (const worker of Object.keys(notes)) if (!alive.has(worker)) findings.add("WORKERS_WRONG", keys.workers, `${worker} has a note and no time`);
  for (const worker of alive.keys()) if (!(worker in notes)) findings.add("WORKERS_WRONG", keys.workersAlive, `${worker} has a time and no note`);
}
