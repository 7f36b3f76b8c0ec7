import { ConnectionBanner } from "./ui/ConnectionBanner.js";
import { Header } from "./ui/Header.js";
import { ListPage } from "./list/ListPage.js";
import { useRoute } from "./route.js";
import { WorkflowPage } from "./workflow/WorkflowPage.js";

export function App() {
  const route = useRoute();
  return (
    <>
      <Header page={route.page} />
      <ConnectionBanner />
      <main>
        {route.page === "list" && <ListPage search={route.search} />}
        {route.page === "workflow" && <WorkflowPage key={route.id} id={route.id} tab={route.tab} task={route.task} />}
      </main>
    </>
  );
}
