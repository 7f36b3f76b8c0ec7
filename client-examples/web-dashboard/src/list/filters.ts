/** The list's filters, as the page's address holds them and as the API takes them. */

import type { WorkflowFilter, WorkflowStatus } from "../../generated/graphql.js";

export const STATUSES: readonly WorkflowStatus[] = ["RUNNING", "PENDING", "PAUSED", "COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"];

export const PERIODS: readonly { value: string; text: string; ms: number | undefined }[] = [
  { value: "", text: "any time", ms: undefined },
  { value: "1h", text: "last hour", ms: 3_600_000 },
  { value: "1d", text: "last day", ms: 86_400_000 },
  { value: "7d", text: "last week", ms: 7 * 86_400_000 },
];

/** What the server's ids look like. */
const WORKFLOW_ID = /^s\d+-[0-9A-HJKMNP-TV-Z]{26}$/;

export function isWorkflowId(text: string): boolean {
  return WORKFLOW_ID.test(text.trim());
}

/** `countries label:team=search session:abc`: words, of which those with a prefix say something else than the name. */
export function filterOf(search: URLSearchParams, nowMs: number): WorkflowFilter {
  const filter: WorkflowFilter = {};
  const labels: Record<string, unknown> = {};
  for (const word of (search.get("q") ?? "").split(/\s+/).filter((part) => part !== "")) {
    const label = /^label:([^=]+)=(.*)$/.exec(word);
    if (label) labels[label[1] as string] = label[2];
    else if (word.startsWith("session:")) filter.sessionId = word.slice("session:".length);
    else filter.name = word;
  }
  if (Object.keys(labels).length > 0) filter.labels = labels;
  const statuses = chosenStatuses(search);
  if (statuses.length > 0) filter.status = statuses;
  const ms = PERIODS.find(({ value }) => value === search.get("since"))?.ms;
  // To the minute: the same filter must read the same for a while.
  if (ms !== undefined) filter.submittedAfter = new Date(Math.floor((nowMs - ms) / 60_000) * 60_000).toISOString();
  return filter;
}

export function chosenStatuses(search: URLSearchParams): WorkflowStatus[] {
  const words = (search.get("status") ?? "").split(",");
  return STATUSES.filter((status) => words.includes(status));
}

/** A changed filter begins with the first page again. */
export function withParameter(search: URLSearchParams, name: string, value: string): URLSearchParams {
  const changed = new URLSearchParams(search);
  changed.delete("after");
  if (value === "") changed.delete(name);
  else changed.set(name, value);
  return changed;
}
