/** Where the page stands, as the part of its address behind the #: links work, and so do back and forward. */

import { createValue, useValue } from "./api/value.js";

export type Tab = "graph" | "timeline" | "context" | "events" | "definition";

export const TABS: readonly Tab[] = ["graph", "timeline", "context", "events", "definition"];

export type Route =
  | { page: "list"; search: URLSearchParams }
  | { page: "workflow"; id: string; tab: Tab; task: string | undefined }
  | { page: "submit" };

const current = createValue(parse(location.hash));
addEventListener("hashchange", () => current.set(parse(location.hash)));

export function useRoute(): Route {
  return useValue(current);
}

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const search = new URLSearchParams(query);
  const [first, id, tab] = path.split("/").filter((part) => part !== "").map(decodeURIComponent);
  if (first === "submit") return { page: "submit" };
  if (first === "workflows" && id !== undefined) {
    return { page: "workflow", id, tab: TABS.find((known) => known === tab) ?? "graph", task: search.get("task") ?? undefined };
  }
  return { page: "list", search };
}

export function workflowLink(id: string, tab: Tab = "graph", task?: string): string {
  const path = `#/workflows/${encodeURIComponent(id)}${tab === "graph" ? "" : `/${tab}`}`;
  return task === undefined ? path : `${path}?task=${encodeURIComponent(task)}`;
}

export function listLink(search: URLSearchParams = new URLSearchParams()): string {
  const query = search.toString();
  return query === "" ? "#/workflows" : `#/workflows?${query}`;
}

export function go(link: string): void {
  location.hash = link;
}
