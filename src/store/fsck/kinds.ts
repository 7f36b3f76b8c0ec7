/**
 * Every kind of key, and every kind of field of a workflow, by the pattern of its name. A key or a field that is new gets its
 * row here, or the check of the keys reports it as unknown.
 */

import type { Keys } from "../keys.js";

export type RedisType = "hash" | "list" | "set" | "zset" | "string" | "stream";

export interface KeyKind {
  /** The member of Keys that makes it. */
  readonly name: Exclude<keyof Keys, "prefix" | "wake">;
  /** What follows the shard's prefix; its groups are the arguments that Keys makes it of. */
  readonly pattern: RegExp;
  readonly type: RedisType;
  /** Its first argument is the workflow that it belongs to. */
  readonly ofWorkflow?: true;
  /** It goes by itself. */
  readonly expires?: true;
}

const WORKFLOW = String.raw`(s\d{1,4}-[0-9A-Z]{26})`;
/** A task of the plan; in an instance of an expanded group with the instance's positions: 5@3.7 */
export const NODE = String.raw`\d+(?:@\d+(?:\.\d+)*)?`;
/** A range r<chunk> of an expanded task, or one item. */
export const UNIT = String.raw`r?\d+`;

export const KEY_KINDS: readonly KeyKind[] = [
  { name: "workflow", pattern: new RegExp(`^w:${WORKFLOW}$`), type: "hash", ofWorkflow: true },
  { name: "context", pattern: new RegExp(`^c:${WORKFLOW}$`), type: "hash", ofWorkflow: true },
  { name: "events", pattern: new RegExp(`^e:${WORKFLOW}$`), type: "list", ofWorkflow: true },
  { name: "items", pattern: new RegExp(`^i:${WORKFLOW}:(\\d+)$`), type: "hash", ofWorkflow: true },
  { name: "held", pattern: new RegExp(`^h:${WORKFLOW}:(${NODE})$`), type: "list", ofWorkflow: true },
  { name: "definition", pattern: /^d:([0-9a-f]+)$/, type: "hash" },
  { name: "definitionNames", pattern: /^rn:(.+)$/, type: "zset" },
  { name: "definitionVersions", pattern: /^rv:(.+):([\w-]+)$/, type: "hash" },
  { name: "idempotency", pattern: /^idem:(.+):([\w-]+)$/, type: "hash" },
  { name: "lane", pattern: /^q:(.+)$/, type: "list" },
  { name: "timers", pattern: /^tm$/, type: "zset" },
  { name: "leases", pattern: /^lease$/, type: "hash" },
  { name: "worker", pattern: /^wk:(.+)$/, type: "hash", expires: true },
  { name: "claimsOf", pattern: /^wc:(.+)$/, type: "set", expires: true },
  { name: "claimRequest", pattern: /^rq:(.+)$/, type: "string", expires: true },
  { name: "lanes", pattern: /^lanes$/, type: "set" },
  { name: "load", pattern: /^load$/, type: "hash" },
  { name: "workers", pattern: /^workers$/, type: "hash" },
  { name: "workersAlive", pattern: /^alive$/, type: "zset" },
  { name: "index", pattern: /^ix:(.+):(\w+)$/, type: "zset" },
  { name: "session", pattern: /^ss:([\w-]+)$/, type: "hash" },
  { name: "sessionContext", pattern: /^sc:([\w-]+)$/, type: "hash" },
  { name: "sessionIndex", pattern: /^sx:([\w-]+)$/, type: "zset" },
  { name: "sessionWaiting", pattern: /^sw:([\w-]+)$/, type: "set" },
  { name: "sessionExporters", pattern: /^se:([\w-]+)$/, type: "set" },
  { name: "instances", pattern: new RegExp(`^v:${WORKFLOW}$`), type: "hash", ofWorkflow: true },
  { name: "feed", pattern: /^f$/, type: "stream" },
  { name: "relay", pattern: /^relay$/, type: "hash" },
  { name: "command", pattern: /^cmd:(.+):([\w-]+)$/, type: "hash", expires: true },
  { name: "tenants", pattern: /^tn$/, type: "set" },
];

/** What belongs to the whole deployment, after `<prefix>:`. */
export const DEPLOYMENT_KEYS: readonly string[] = ["meta", "ready"];

export interface FoundKey { key: string; kind: KeyKind; args: string[] }

/** @param rest what follows the shard's prefix */
export function keyKindOf(key: string, rest: string): FoundKey | undefined {
  for (const kind of KEY_KINDS) {
    const match = kind.pattern.exec(rest);
    if (match) return { key, kind, args: match.slice(1) };
  }
  return undefined;
}

/**
 * How long a field of a workflow is there. ALWAYS: in every workflow. SOMETIMES: where it applies, and it stays.
 * OPEN: only while the workflow has not ended. ENDED: in every ended workflow, and in no other.
 */
export type FieldLife = "ALWAYS" | "SOMETIMES" | "OPEN" | "ENDED";

export interface FieldKind {
  readonly name: string;
  readonly pattern: RegExp;
  readonly life: FieldLife;
  /** Its first argument is a node; of one in an instance of an expanded group it is there only while that runs. */
  readonly ofNode?: true;
}

const named = (life: FieldLife, ...fields: string[]): FieldKind[] => fields.map((name) => ({ name, pattern: new RegExp(`^${name}$`), life }));
const ofNode = (life: FieldLife, name: string, letter: string, tail = ""): FieldKind => ({ name, pattern: new RegExp(`^${letter}(${NODE})${tail}$`), life, ofNode: true });

/** The first that fits counts. */
export const FIELD_KINDS: readonly FieldKind[] = [
  ...named("ALWAYS", "st", "hash", "nm", "tn", "left", "n", "nn", "ng", "sub", "seq", "ev"),
  ...named("ENDED", "fin"),
  ...named("SOMETIMES", "sta", "bad", "lb", "idem", "dv", "da", "rr", "rt", "cq", "cx", "ss", "sk", "so", "ex", "ln", "lm", "pa", "pt", "dp"),
  ...named("OPEN", "cw"),
  { name: "deadline", pattern: new RegExp(`^u([tg]${NODE}|w)$`), life: "OPEN", ofNode: true },
  ...named("OPEN", "vd", "cmp"),
  { name: "owed", pattern: /^cmp\d+$/, life: "OPEN" },
  ofNode("OPEN", "mayOwe", "cmpx"),
  { name: "command", pattern: /^q:[\w-]{22}$/, life: "SOMETIMES" },
  { name: "external", pattern: /^k:(.*)$/s, life: "SOMETIMES" },
  ofNode("SOMETIMES", "task", ""),
  ofNode("OPEN", "unit", "", `:(${UNIT})`),
  ofNode("OPEN", "delayed", "y", `(?::(${UNIT}))?`),
  ofNode("OPEN", "waits", "o"),
  ofNode("OPEN", "group", "g"),
  ofNode("OPEN", "places", "c"),
  // What stands in each scope, and how many tasks an instance has: only where a group is expanded.
  { name: "scope", pattern: /^s(\d*)$/, life: "SOMETIMES" },
  { name: "tasksInside", pattern: /^m(\d+)$/, life: "SOMETIMES" },
  ofNode("OPEN", "start", "d"),
  ofNode("SOMETIMES", "ended", "n"),
  { name: "instanceError", pattern: /^z(@\d+(?:\.\d+)+)$/, life: "OPEN", ofNode: true },
  ofNode("SOMETIMES", "items", "x"),
  ofNode("SOMETIMES", "error", "e"),
  ofNode("SOMETIMES", "result", "r"),
  ofNode("SOMETIMES", "history", "h"),
  ofNode("SOMETIMES", "progress", "p"),
  ofNode("SOMETIMES", "base", "b"),
  ofNode("SOMETIMES", "unstartedAs", "u"),
  ofNode("SOMETIMES", "child", "w"),
  ofNode("SOMETIMES", "baseInside", "a"),
  ofNode("SOMETIMES", "round", "j"),
];

export function fieldKindOf(field: string): { kind: FieldKind; args: string[] } | undefined {
  for (const kind of FIELD_KINDS) {
    const match = kind.pattern.exec(field);
    if (match) return { kind, args: match.slice(1) };
  }
  return undefined;
}
