/** Relay paging: arguments checked and clamped, pages made into connections. */

import { FanwireError } from "../errors.js";
import type { Page, PageRequest } from "../engine/snapshot.js";
import { LIMITS } from "../workflow/limits.js";
import type { PageInfo } from "./types/connections.js";

export interface PageArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** Said of every `first` and `last` in the schema. */
export const PAGE_SIZE_DESCRIPTION = "How many at most: 0 to 1,000 (more counts as 1,000), by default 100; a deployment may set both numbers otherwise.";

/** @throws FanwireError INVALID_VALUE when a size is negative, or when both ends are asked for. */
export function toPageRequest({ first, after, last, before }: PageArguments): PageRequest {
  if (typeof first === "number" && typeof last === "number") {
    throw new FanwireError("INVALID_VALUE", "Give `first` or `last`, not both.");
  }
  const backwards = typeof last === "number" || (typeof before === "string" && typeof first !== "number");
  const size = backwards ? { last: pageSize(last, "last") } : { first: pageSize(first, "first") };
  return { ...size, ...(typeof after === "string" ? { after } : {}), ...(typeof before === "string" ? { before } : {}) };
}

export function pageSize(size: number | null | undefined, argument: string): number {
  if (typeof size !== "number") return Math.min(LIMITS.pageDefault, LIMITS.pageMax);
  if (size < 0) throw new FanwireError("INVALID_VALUE", `\`${argument}\` is ${size}; it must be 0 or more.`);
  return Math.min(size, LIMITS.pageMax);
}

export interface Connection<T> {
  edges: { cursor: string; node: T }[];
  nodes: T[];
  pageInfo: PageInfo;
  totalCount: number;
}

export function toConnection<State, T>(page: Page<State>, present: (state: State) => T): Connection<T> {
  const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: present(node) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: pageInfo(edges, page.hasNextPage, page.hasPreviousPage),
    totalCount: page.totalCount,
  };
}

export function pageInfo(edges: readonly { cursor: string }[], hasNextPage: boolean, hasPreviousPage: boolean): PageInfo {
  return { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor, endCursor: edges.at(-1)?.cursor };
}

const POSITION = /^p(\d{1,9})$/;

/**
 * A page of a list that is already in memory. The cursor is the position in the list before filtering, so that a
 * filter whose matches change between two pages neither repeats nor skips elements that match both times.
 * @throws FanwireError CURSOR_INVALID
 */
export function pageOfList<T>(list: readonly T[], matches: (element: T) => boolean, first: number, after: string | null | undefined): Page<T> {
  const start = typeof after === "string" ? positionAfter(after) : 0;
  const matching = list.flatMap((node, position) => (matches(node) ? [{ position, node }] : []));
  const rest = matching.filter(({ position }) => position >= start);
  return {
    edges: rest.slice(0, first).map(({ position, node }) => ({ cursor: toCursor(position), node })),
    hasNextPage: rest.length > first,
    hasPreviousPage: rest.length < matching.length,
    totalCount: matching.length,
  };
}

function toCursor(position: number): string {
  return Buffer.from(`p${position}`).toString("base64url");
}

function positionAfter(cursor: string): number {
  const match = POSITION.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", "`after` is not a cursor that this server gave out.");
  return Number(match[1]) + 1;
}

const EMPTY_PAGE: Page<never> = { edges: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0 };

export function emptyPage(): Page<never> {
  return EMPTY_PAGE;
}
