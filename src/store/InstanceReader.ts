/** Reads what instances of expanded groups hold: their items and their contexts. */

import type { Redis } from "./connect.js";
import { splitPath, type InstancePath } from "../engine/nodeKey.js";
import type { JsonObject } from "../workflow/json.js";
import type { ShardKeys } from "./keys.js";
import { itemField, type NodeFields } from "./NodeFields.js";
import { readItemsRecord } from "./records.js";

/** Chunks of items that are kept parsed: instances that run side by side have neighbouring items. */
const KEPT_CHUNKS = 200;
const FIELDS_PER_READ = 2_000;

type Chunk = [identifier: string, variables: JsonObject][];

export class InstanceReader {
  /** In order of last use; what items there are does not change once a group is expanded, unless it may begin anew. */
  readonly #chunks = new Map<string, Chunk>();
  readonly #sizes = new Map<string, number>();

  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly fields: NodeFields) {}

  /** What was read may have been lost, and be written anew. */
  forget(): void {
    this.#chunks.clear();
    this.#sizes.clear();
  }

  /** Texts as a context keeps them, one per pair; undefined for keys without a value. */
  async texts(workflowId: string, wanted: readonly { path: InstancePath; key: string }[]): Promise<(string | undefined)[]> {
    const keys = this.shards.ofWorkflow(workflowId);
    if (!keys) return wanted.map(() => undefined);
    const texts: (string | undefined)[] = [];
    for (let from = 0; from < wanted.length; from += FIELDS_PER_READ) {
      const names = wanted.slice(from, from + FIELDS_PER_READ).map(({ path, key }) => `${path}/${key}`);
      for (const text of await this.redis.hmget(keys.instances(workflowId), ...names)) texts.push(text ?? undefined);
    }
    return texts;
  }

  /** The item that an instance is of; undefined when there is no such instance. @param fresh nothing read before may be relied on */
  async item(workflowId: string, path: InstancePath, fresh = false): Promise<{ identifier: string; variables: JsonObject } | undefined> {
    const { parent, group, index } = splitPath(path);
    const node = parent ? `${group}@${parent}` : group;
    const size = await this.#chunkSize(workflowId, node);
    if (size === undefined) return undefined;
    const chunk = await this.#chunk(workflowId, group, parent, Math.floor(index / size), fresh);
    const item = chunk[index % size];
    return item && { identifier: item[0], variables: item[1] };
  }

  async #chunkSize(workflowId: string, node: string | number): Promise<number | undefined> {
    const name = `${workflowId} ${node}`;
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const text = (await this.fields.read(workflowId, node, ["x"]))?.values[0];
    if (text === undefined) return undefined;
    if (this.#sizes.size > 10_000) this.#sizes.clear();
    const { chunk } = readItemsRecord(text);
    this.#sizes.set(name, chunk);
    return chunk;
  }

  async #chunk(workflowId: string, group: number, parent: InstancePath, c: number, fresh: boolean): Promise<Chunk> {
    const field = itemField(parent, `v${c}`);
    const name = `${workflowId} ${group} ${field}`;
    let chunk = fresh ? undefined : this.#chunks.get(name);
    if (!chunk) {
      const keys = this.shards.ofWorkflow(workflowId);
      const text = keys && (await this.redis.hget(keys.items(workflowId, group), field));
      chunk = JSON.parse(text ?? "[]") as Chunk;
    }
    this.#chunks.delete(name);
    this.#chunks.set(name, chunk);
    if (this.#chunks.size > KEPT_CHUNKS) this.#chunks.delete(this.#chunks.keys().next().value as string);
    return chunk;
  }
}
