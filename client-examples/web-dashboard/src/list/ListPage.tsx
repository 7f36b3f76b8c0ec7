import { useMemo } from "react";
import { ConsoleWorkflowByIdDocument, ConsoleWorkflowChangesDocument, ConsoleWorkflowsDocument } from "../../generated/graphql.js";
import { useEvery, useQuery, useSubscription } from "../api/hooks.js";
import { go, listLink } from "../route.js";
import { formatCount } from "../ui/format.js";
import { Notice } from "../ui/Notice.js";
import { useNow } from "../ui/now.js";
import { isEnd } from "../ui/status.js";
import { Filters } from "./Filters.js";
import { filterOf, isWorkflowId, withParameter } from "./filters.js";
import { WorkflowRows } from "./WorkflowRows.js";

const PAGE = 50;
const RUNNING_EVERY_MS = 1_500;

export function ListPage({ search }: { search: URLSearchParams }) {
  const text = search.get("q") ?? "";
  return (
    <div className="list-page">
      <Filters search={search} />
      {isWorkflowId(text) ? <FoundById id={text.trim()} /> : <Pages search={search} />}
    </div>
  );
}

function Pages({ search }: { search: URLSearchParams }) {
  const now = useNow(true);
  const after = search.get("after") ?? undefined;
  const filter = useMemo(() => filterOf(search, Date.now()), [search]);
  const query = useQuery(ConsoleWorkflowsDocument, { filter, first: PAGE, after });
  useSubscription(ConsoleWorkflowChangesDocument, {}, { onNext: query.refresh });
  const found = query.data?.workflows;
  useEvery(found?.nodes.some(({ status }) => !isEnd(status)) ? RUNNING_EVERY_MS : undefined, query.refresh);
  if (!found) return query.error ? <Failed error={query.error} /> : <Notice kind="loading" title="Reading the workflows" />;
  if (found.nodes.length === 0) return <Nothing filtered={search.size > 0} />;
  const { hasNextPage, endCursor } = found.pageInfo;
  return (
    <>
      <WorkflowRows rows={found.nodes} now={now} />
      <footer className="pages">
        <span>{formatCount(found.totalCount)} {found.totalCount === 1 ? "workflow" : "workflows"}</span>
        {after !== undefined && <button onClick={() => history.back()}>Newer</button>}
        {hasNextPage && endCursor && <button onClick={() => go(listLink(withParameter(search, "after", endCursor)))}>Older</button>}
      </footer>
    </>
  );
}

function FoundById({ id }: { id: string }) {
  const query = useQuery(ConsoleWorkflowByIdDocument, { id });
  const now = useNow(true);
  useSubscription(ConsoleWorkflowChangesDocument, {}, { onNext: query.refresh });
  if (!query.data) return query.error ? <Failed error={query.error} /> : <Notice kind="loading" title="Looking for it" />;
  return query.data.workflow ? <WorkflowRows rows={[query.data.workflow]} now={now} /> : <Nothing filtered />;
}

function Failed({ error }: { error: Error }) {
  return <Notice kind="error" title="The workflows cannot be read">{error.message}</Notice>;
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <Notice kind="empty" title="No workflow matches">Change the filters, or <a href={listLink()}>show all</a>.</Notice>;
  return <Notice kind="empty" title="No workflows yet"><a href="#/submit">Submit one</a>; it appears here at once.</Notice>;
}
