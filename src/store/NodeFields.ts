/** The fields that the store keeps about one task: in the workflow's hash, or, when its instance has ended, packed beside the items. */

import type { Redis } from "./connect.js";
import { readNodeKey, splitPath, type InstancePath, type NodeKey } from "../engine/nodeKey.js";
import type { Keys, ShardKeys } from "./keys.js";

/** What include/instances.lua puts between the fields of an instance; JSON has no such character. */
const SEPARATOR = "\u0001";

/** Field names without the task's key: "" the record, x items, e error, ... */
export type FieldKind = "" | "e" | "h" | "p" | "r" | "b" | "x" | "n" | "u" | "y" | "j";

export class NodeFields {
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys) {}

  /** @returns undefined when there is no such workflow */
  async read(workflowId: string, node: NodeKey, kinds: readonly FieldKind[]): Promise<{ keys: Keys; submittedMs: number; values: (string | undefined)[] } | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return undefined;
    const [submitted, record, ...texts] = await this.redis.hmget(keys.workflow(workflowId), "sub", String(node), ...kinds.map((kind) => `${kind}${node}`));
    if (submitted == null) return undefined;
    const values = texts.map((text) => text ?? undefined);
    const { node: index, path } = readNodeKey(String(node));
    const packed = record == null && path !== undefined ? await this.packed(workflowId, path) : undefined;
    return { keys, submittedMs: Number(submitted), values: packed ? kinds.map((kind) => packed[`${kind}${index}`]) : values };
  }

  /** All fields of an ended instance, without its path; undefined while it runs. */
  async packed(workflowId: string, path: InstancePath): Promise<Record<string, string> | undefined> {
    const keys = this.shards.ofWorkflow(workflowId);
    const { parent, group, index } = splitPath(path);
    const text = keys && (await this.redis.hget(keys.items(workflowId, group), itemField(parent, `t${index}`)));
    return text ? unpacked(text) : undefined;
  }
}

/** The name of a field in the items' hash, which all instances of a node share. */
export function itemField(path: InstancePath | undefined, name: string): string {
  return path ? `${path}/${name}` : name;
}

export function unpacked(text: string): Record<string, string> {
  return Object.fromEntries(text.split(SEPARATOR).map((field) => {
    const space = field.indexOf(" ");
    return [field.slice(0, space), field.slice(space + 1)];
  }));
}

