/** Reads the items of expanded tasks, by pages or whole, from their chunks. */

import type { Redis } from "./connect.js";
import type { ItemOutcome, ItemRow } from "../engine/ports.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonObject } from "../workflow/json.js";
import type { TaskStatus } from "../workflow/status.js";
import { readNodeKey, type NodeKey } from "../engine/nodeKey.js";
import type { Keys } from "./keys.js";
import { itemField, type NodeFields } from "./NodeFields.js";
import {
  elementTexts, expandStatuses, itemStatus, readItemsRecord, readPieces, readRecord, type ItemsRecord, type PieceLine,
} from "./records.js";

/** Chunks fetched in one round trip when all are read: bounds one reply to some megabytes. */
const CHUNKS_PER_READ = 100;

interface Head { keys: Keys; items: ItemsRecord; status: TaskStatus; submittedMs: number; hash: string; field(name: string): string }
interface Chunk { variables: [string, JsonObject][]; statuses: string; pieces: PieceLine[]; first: number }

export class ItemReader {
  constructor(private readonly redis: Redis, private readonly fields: NodeFields) {}

  async itemEnds(workflowId: string, node: NodeKey): Promise<{ total: number; completed: number; failed: number }> {
    const items = (await this.#head(workflowId, node))?.items;
    return { total: items?.total ?? 0, completed: items?.completed ?? 0, failed: items?.failed ?? 0 };
  }

  async firstItemError(workflowId: string, node: NodeKey): Promise<TaskError | undefined> {
    const statuses = await this.itemStatuses(workflowId, node);
    const first = statuses.indexOf("FAILED");
    return first < 0 ? undefined : (await this.itemPage(workflowId, node, first, 1))[0]?.error;
  }

  async itemStatuses(workflowId: string, node: NodeKey): Promise<TaskStatus[]> {
    const head = await this.#head(workflowId, node);
    if (!head) return [];
    const statuses: TaskStatus[] = [];
    const chunks = Math.ceil(head.items.total / head.items.chunk);
    for (let from = 0; from < chunks; from += 1000) {
      const wanted = range(from, Math.min(chunks, from + 1000));
      const texts = await this.redis.hmget(head.hash, ...wanted.map((c) => head.field(`s${c}`)));
      wanted.forEach((c, i) => {
        for (const letter of expandStatuses(texts[i] ?? null, sizeOf(head.items, c))) statuses.push(itemStatus(letter, head.status));
      });
    }
    return statuses;
  }

  async itemPage(workflowId: string, node: NodeKey, first: number, count: number): Promise<ItemRow[]> {
    const head = await this.#head(workflowId, node);
    if (!head || count <= 0 || first >= head.items.total) return [];
    const last = Math.min(first + count, head.items.total) - 1;
    const { chunk } = head.items;
    const chunks = await this.#chunks(head, Math.floor(first / chunk), Math.floor(last / chunk) + 1);
    const units = await this.#units(head, workflowId, node, chunks);
    const rows = chunks.flatMap((c) => rowsOf(c, head, units));
    return rows.filter((row) => row.index >= first && row.index <= last);
  }

  async itemOutcomes(workflowId: string, node: NodeKey): Promise<{ outcomes: ItemOutcome[]; shape?: number[] }> {
    const head = await this.#head(workflowId, node);
    if (!head) return { outcomes: [] };
    const outcomes: ItemOutcome[] = [];
    const chunks = Math.ceil(head.items.total / head.items.chunk);
    for (let from = 0; from < chunks; from += CHUNKS_PER_READ) {
      for (const chunk of await this.#chunks(head, from, Math.min(chunks, from + CHUNKS_PER_READ))) {
        for (const row of rowsOf(chunk, head, new Map())) outcomes.push(row);
      }
    }
    const shape = await this.redis.hget(head.hash, head.field("shape"));
    return { outcomes, ...(shape === null ? {} : { shape: JSON.parse(shape) as number[] }) };
  }

  /** The items that a unit has still to run. */
  async openItems(workflowId: string, node: NodeKey, unit: string): Promise<{ offset: number; item: number }[]> {
    const head = await this.#head(workflowId, node);
    if (!head) return [];
    const { chunk } = head.items;
    if (!unit.startsWith("r")) return [{ offset: Number(unit) % chunk, item: Number(unit) }];
    const c = Number(unit.slice(1));
    const text = await this.redis.hget(head.hash, head.field(`s${c}`));
    return [...expandStatuses(text, sizeOf(head.items, c))].flatMap((letter, offset) => (letter === "." ? [{ offset, item: c * chunk + offset }] : []));
  }

  async #head(workflowId: string, node: NodeKey): Promise<Head | undefined> {
    const found = await this.fields.read(workflowId, node, ["x", ""]);
    const [items, record] = found?.values ?? [];
    if (!found || !items || !record) return undefined;
    const { keys, submittedMs } = found;
    const { node: index, path } = readNodeKey(String(node));
    return {
      keys, submittedMs, items: readItemsRecord(items), status: readRecord(record, submittedMs).status,
      hash: keys.items(workflowId, index), field: (name) => itemField(path, name),
    };
  }

  async #chunks(head: Head, from: number, to: number): Promise<Chunk[]> {
    const wanted = range(from, to);
    const fields = wanted.flatMap((c) => [`v${c}`, `s${c}`, `r${c}`].map(head.field));
    const texts = await this.redis.hmget(head.hash, ...fields);
    return wanted.map((c, i) => ({
      first: c * head.items.chunk,
      variables: JSON.parse(texts[i * 3] ?? "[]") as [string, JsonObject][],
      statuses: expandStatuses(texts[i * 3 + 1] ?? null, sizeOf(head.items, c)),
      pieces: texts[i * 3 + 2] ? readPieces(texts[i * 3 + 2] as string, head.submittedMs) : [],
    }));
  }

  /** Status and attempt of the open items among these chunks: ranges and items with units of their own. */
  async #units(head: Head, workflowId: string, node: NodeKey, chunks: Chunk[]): Promise<Map<string, { status: TaskStatus; attempt: number; startedMs?: number }>> {
    const names = chunks.flatMap((chunk) => {
      const own = [...chunk.statuses].flatMap((letter, offset) => (letter === "r" ? [String(chunk.first + offset)] : []));
      return chunk.statuses.includes(".") ? [`r${chunk.first / head.items.chunk}`, ...own] : own;
    });
    const found = new Map<string, { status: TaskStatus; attempt: number; startedMs?: number }>();
    if (names.length === 0) return found;
    const records = await this.redis.hmget(head.keys.workflow(workflowId), ...names.map((name) => `${node}:${name}`));
    names.forEach((name, i) => {
      const text = records[i];
      if (text) found.set(name, readRecord(text, head.submittedMs));
    });
    return found;
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function sizeOf(items: ItemsRecord, chunk: number): number {
  return Math.min(items.chunk, items.total - chunk * items.chunk);
}

function rowsOf(chunk: Chunk, head: Head, units: Map<string, { status: TaskStatus; attempt: number; startedMs?: number }>): ItemRow[] {
  const rows = chunk.variables.map(([identifier, variables], offset): ItemRow => {
    const letter = chunk.statuses[offset] as string;
    const index = chunk.first + offset;
    const unit = letter === "r" ? units.get(String(index)) : letter === "." ? units.get(`r${chunk.first / head.items.chunk}`) : undefined;
    const status = unit && head.status === "RUNNING" ? unit.status : itemStatus(letter, head.status);
    return { index, identifier, variables, status, attempt: unit?.attempt ?? 0, ...(unit?.startedMs === undefined ? {} : { startedMs: unit.startedMs }) };
  });
  for (const piece of chunk.pieces) {
    const texts = piece.letter === "C" ? elementTexts(piece.text) : [];
    for (let i = 0; i < piece.count; i++) {
      const row = rows[piece.offset + i];
      if (!row) continue;
      row.attempt = piece.attempt;
      row.startedMs = piece.startedMs;
      row.finishedMs = piece.finishedMs;
      if (piece.letter === "C") row.result = texts[i];
      else row.error = JSON.parse(piece.text) as TaskError;
    }
  }
  return rows;
}
