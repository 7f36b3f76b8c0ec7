import { useMemo, useState } from "react";
import { ConsoleContextDocument, ConsoleEventsDocument } from "../../generated/graphql.js";
import { useQuery, useSubscription } from "../api/hooks.js";
import { formatCount } from "../ui/format.js";
import { JsonView } from "../ui/JsonView.js";
import { Notice } from "../ui/Notice.js";
import type { WorkflowState } from "../workflow/useWorkflow.js";

export function ContextTab({ workflow }: { workflow: WorkflowState }) {
  const query = useQuery(ConsoleContextDocument, { id: workflow.id });
  // From the beginning: a change between the reading and the subscription is told as well.
  useSubscription(ConsoleEventsDocument, { id: workflow.id, types: ["CONTEXT_UPDATED"] }, {
    onNext({ workflowEvents }, variables) {
      variables.after = workflowEvents.cursor;
      query.refresh();
    },
  });
  const [text, setText] = useState("");
  const context = query.data?.workflow?.context as Record<string, unknown> | undefined;
  const entries = useMemo(() => Object.entries(context ?? {}).map(([key, value]) => ({ key, value, json: JSON.stringify(value) ?? "null" })).sort((a, b) => a.key.localeCompare(b.key)), [context]);
  if (!context) return query.error ? <Notice kind="error" title="The context cannot be read">{query.error.message}</Notice> : <Notice kind="loading" title="Reading the context" />;
  if (entries.length === 0) return <Notice kind="empty" title="The context is empty">Keys appear here as tasks write them.</Notice>;
  const wanted = text.trim().toLowerCase();
  const found = entries.filter(({ key, json }) => wanted === "" || key.toLowerCase().includes(wanted) || json.toLowerCase().includes(wanted));
  return (
    <div className="context">
      <label className="search"><span aria-hidden="true">⌕</span><input type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="Search keys and values" aria-label="Search the context" /></label>
      {found.length === 0 && <Notice kind="empty" title="Nothing in the context matches" />}
      <ol className="context-keys">{found.map((entry) => <Key key={entry.key} name={entry.key} value={entry.value} json={entry.json} />)}</ol>
    </div>
  );
}

const PREVIEW = 140;

function Key({ name, value, json }: { name: string; value: unknown; json: string }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <button aria-expanded={open} onClick={() => setOpen(!open)}>
        <i aria-hidden="true">{open ? "▾" : "▸"}</i><b>{name}</b><small>{kindOf(value)}</small>{!open && <code>{json.slice(0, PREVIEW)}</code>}
      </button>
      {open && <div className="json"><JsonView value={value} /></div>}
    </li>
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `list of ${formatCount(value.length)}`;
  if (value === null) return "null";
  if (typeof value === "object") return `object of ${formatCount(Object.keys(value).length)}`;
  return typeof value === "string" ? `text of ${formatCount(value.length)}` : typeof value;
}
