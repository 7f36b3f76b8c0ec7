import { useState } from "react";
import { ConsoleEventPageDocument } from "../../generated/graphql.js";
import type { ConsoleEventFragment, EventType } from "../../generated/graphql.js";
import { useQuery } from "../api/hooks.js";
import { Notice } from "../ui/Notice.js";
import { EventRows } from "./EventRows.js";

interface EventPagesProps {
  id: string;
  types: EventType[] | undefined;
  matches(event: ConsoleEventFragment): boolean;
}

const PAGE = 200;

/** A long log from its beginning. */
export function EventPages({ id, types, matches }: EventPagesProps) {
  const [path, setPath] = useState<readonly string[]>([]);
  const query = useQuery(ConsoleEventPageDocument, { id, types, first: PAGE, after: path.at(-1) });
  const page = query.data?.workflow?.events;
  if (!page) return query.error ? <Notice kind="error" title="The log cannot be read">{query.error.message}</Notice> : <Notice kind="loading" title="Reading the log" />;
  return (
    <>
      <EventRows events={page.nodes.filter(matches)} workflowId={id} />
      <div className="pages">
        <span>the oldest first</span>
        <button disabled={path.length === 0} onClick={() => setPath(path.slice(0, -1))}>Back</button>
        <button disabled={!page.pageInfo.hasNextPage} onClick={() => page.pageInfo.endCursor && setPath([...path, page.pageInfo.endCursor])}>Next</button>
      </div>
    </>
  );
}
