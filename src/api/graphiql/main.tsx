/** The GraphiQL page. */

import "./workers.js";
import "graphiql/style.css";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { EXAMPLE_TABS } from "./examples.js";
import type { TabDefinition } from "./examples.js";
import { createFetcher } from "./fetcher.js";

const fetcher = createFetcher();

/** ?query=...&variables=... opens a tab of its own: links to the page can carry an operation. */
const search = new URLSearchParams(location.search);
const linked: TabDefinition = { query: search.get("query"), variables: search.get("variables") };

/** What stands there on the first visit; afterwards GraphiQL keeps the visitor's own tabs. */
const firstTabs = linked.query === null ? EXAMPLE_TABS : [linked, ...EXAMPLE_TABS];
const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;

/** GraphiQL takes the first tab's query from `defaultTabs`, but not its variables. */
const initialVariables = isFirstVisit ? firstTabs[0]?.variables : linked.variables;

function Page() {
  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={firstTabs}
      initialQuery={linked.query ?? undefined}
      initialVariables={initialVariables ?? undefined}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <span className="fanwire-logo">Fanwire</span>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const container = document.getElementById("graphiql");
if (container) createRoot(container).render(<Page />);
