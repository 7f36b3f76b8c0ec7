/** The limits of definitions, values and requests; each breach is the problem LIMIT_EXCEEDED or an error of its own. */

/** Those that a deployment may set; a process has one set of them. Sizes of values are those of their JSON in UTF-8. */
export interface Limits {
  /** Tasks that a workflow declares. */
  tasks: number;
  /** Items of one expansion. */
  items: number;
  contextValueBytes: number;
  definitionBytes: number;
  /** Levels of groups; a top group is 1. */
  groupDepth: number;
  templateBytes: number;
  /** Of an HTTP request, or of a command from Kafka. */
  bodyBytes: number;
  /** Of a WebSocket message, and of an operation for a stream that carries several. */
  messageBytes: number;
  /** Of a GraphQL document, without its variables. */
  documentBytes: number;
  /** Entries of a page for which none are asked. */
  pageDefault: number;
  /** Who asks for more gets as many. */
  pageMax: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS: Readonly<Limits> = {
  tasks: 10_000, items: 1_000_000, contextValueBytes: MIB, definitionBytes: MIB, groupDepth: 16, templateBytes: MIB,
  bodyBytes: 10 * MIB, messageBytes: MIB, documentBytes: 100_000, pageDefault: 100, pageMax: 1_000,
};

/** When a process starts: what was compiled or accepted before is not looked at again. */
export function setLimits(limits: Readonly<Limits>): void {
  Object.assign(LIMITS, limits);
}

/** 1 MiB, 300 KiB, 100000 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB} MiB`;
  return bytes > 0 && bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes} bytes`;
}

/** Items that can go to a handler together. */
export const MAX_BATCH = 1_000;
/** Levels of lists and objects in a definition or a context; deeper JSON would exhaust the stack of whoever walks it. */
export const MAX_JSON_DEPTH = 256;
/** Group dependencies times the group's tasks, over all groups: each pair is an edge of the plan. */
export const MAX_GROUP_EDGES = 1_000_000;
export const MAX_NAME_LENGTH = 128;
export const MAX_ATTEMPTS = 1000;
/** Problems of one kind that get a near miss: the search compares with every name there is. */
export const MAX_HINTS = 20;
