/** Checks the contexts of the instances of expanded groups: what stands there is of an instance and of a task in it, and what a completed task wrote is there. */

import { instancePath, splitPath, type InstancePath } from "../../engine/nodeKey.js";
import type { Plan, PlanScope } from "../../workflow/plan.js";
import type { Keys } from "../keys.js";
import { itemField, unpacked } from "../NodeFields.js";
import type { Findings } from "./findings.js";
import { readRawRecord, type WorkflowImage } from "./image.js";
import type { FsckReads } from "./reads.js";
import { scopesIn } from "./scopes.js";

const FIELD = /^(\d+\.\d+(?:\.\d+\.\d+)*)\/(.*)$/s;
const PACKED = /^(?:([\d.]+)\/)?t(\d+)$/;

/** What the check of one workflow goes by. */
interface View { image: WorkflowImage; plan: Plan; keys: Keys; live: ReadonlySet<InstancePath>; reads: FsckReads; findings: Findings }
/** An instance, and the letter of each of its tasks that has a record. */
interface Instance { path: InstancePath; scope: PlanScope; letterOf(node: number): string | undefined }

export async function checkContexts(image: WorkflowImage, keys: Keys, reads: FsckReads, findings: Findings): Promise<void> {
  const { plan } = image;
  if (!plan || plan.scopes.size === 1) return;
  const running = scopesIn(image.fields).filter(({ path }) => path !== "");
  const view: View = { image, plan, keys, live: new Set(running.map(({ path }) => path)), reads, findings };
  for await (const page of reads.pairs(keys.instances(image.id))) await checkFields(view, page);
  await checkWritten(view, running.flatMap(({ path }) => instanceAt(plan, path, (node) => image.tasks.get(`${node}@${path}`)?.letter)));
  for (const group of plan.scopes.keys()) {
    if (group === undefined) continue;
    for await (const page of reads.pairs(keys.items(image.id, group))) await checkWritten(view, page.flatMap((pair) => packedIn(plan, group, pair)));
  }
}

function instanceAt(plan: Plan, path: InstancePath, letterOf: Instance["letterOf"]): Instance[] {
  const scope = plan.scopes.get(splitPath(path).group);
  return scope ? [{ path, scope, letterOf }] : [];
}

/** The ended instance that a field of a group's items is about, if it is about one. */
function packedIn(plan: Plan, group: number, [field, text]: readonly [string, string]): Instance[] {
  const [, parent, index] = PACKED.exec(field) ?? [];
  if (index === undefined) return [];
  const fields = unpacked(text);
  return instanceAt(plan, instancePath(parent, group, Number(index)), (node) => readRawRecord(fields[String(node)] ?? "")?.letter);
}

/** Each is a value of a key that some task of its instance writes, and the instance runs or has ended. */
async function checkFields({ image, plan, keys, live, reads, findings }: View, page: readonly (readonly [string, string])[]): Promise<void> {
  const key = keys.instances(image.id);
  const pathsByGroup = new Map<number, Set<InstancePath>>();
  for (const [field, text] of page) {
    const [, path, name = ""] = FIELD.exec(field) ?? [];
    const scope = path === undefined ? undefined : plan.scopes.get(splitPath(path).group);
    const writer = scope?.writerOf.get(name);
    if (path === undefined || !scope?.owner) findings.add("INSTANCE_WRONG", key, `${field} names no instance of a group`);
    else if (!writer || scope.reduced.has(name)) findings.add("INSTANCE_WRONG", key, `${field}: no task of the group writes this key there`);
    else if (text.startsWith("@") && text !== `@${writer.index}`) findings.add("INSTANCE_WRONG", key, `${field} is the view ${text}, should be @${writer.index}`);
    if (path === undefined || live.has(path)) continue;
    const { group } = splitPath(path);
    pathsByGroup.set(group, (pathsByGroup.get(group) ?? new Set()).add(path));
  }
  for (const [group, set] of pathsByGroup) {
    const paths = [...set];
    const packed = await reads.hashFields(keys.items(image.id, group), paths.map((path) => itemField(splitPath(path).parent, `t${splitPath(path).index}`)));
    for (const [i, path] of paths.entries()) if (packed[i] === null) findings.add("INSTANCE_WRONG", key, `It holds values of the instance ${path}, which neither runs nor has ended`);
  }
}

/** Whoever depends on a task reads what it wrote. */
async function checkWritten({ image, keys, reads, findings }: View, instances: readonly Instance[]): Promise<void> {
  const key = keys.instances(image.id);
  const wanted = instances.flatMap(({ path, scope, letterOf }) => scope.nodes.flatMap(({ index, keys: written, optionalKeys, reducedKeys }) => {
    if (letterOf(index) !== "C") return [];
    return written.filter((name) => !optionalKeys.includes(name) && !reducedKeys.includes(name)).map((name) => `${path}/${name}`);
  }));
  const texts = await reads.hashFields(key, wanted);
  wanted.forEach((field, i) => {
    if (texts[i] === null) findings.add("INSTANCE_WRONG", key, `${field} is missing, and the task that writes it has completed`);
  });
}
