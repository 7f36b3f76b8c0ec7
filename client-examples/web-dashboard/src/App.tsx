import { lazy, Suspense } from "react";
import { ConnectionBanner } from "./ui/ConnectionBanner.js";
import { Header } from "./ui/Header.js";
import { Notice } from "./ui/Notice.js";
import { ListPage } from "./list/ListPage.js";
import { useRoute } from "./route.js";
import { WorkflowPage } from "./workflow/WorkflowPage.js";

/** With the YAML reader and the schema, which only the editor needs. */
const SubmitPage = lazy(() => import("./submit/SubmitPage.js"));

export function App() {
  const route = useRoute();
  return (
    <>
      <Header page={route.page} />
      <ConnectionBanner />
      <main>
        {route.page === "list" && <ListPage search={route.search} />}
        {route.page === "workflow" && <WorkflowPage key={route.id} id={route.id} tab={route.tab} task={route.task} />}
        {route.page === "submit" && <Suspense fallback={<Notice kind="loading" title="Opening the editor" />}><SubmitPage /></Suspense>}
      </main>
    </>
  );
}
