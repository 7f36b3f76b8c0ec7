/** What the HTTP benchmark asks, and the workflows that it asks about: the same for every side. */

/** A dashboard's list: fifty workflows with what one row shows. */
export const LIST = `query List($first: Int!) {
  workflows(first: $first) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges {
      cursor
      node {
        __typename id name status percent partial labels submittedAt startedAt finishedAt
        counts { total pending ready running waiting completed failed skipped cancelled }
        error { code message task }
      }
    }
  }
}`;

/** Hardly anything to execute: what is left is the way through HTTP and GraphQL. */
export const SMALL = "{ __typename }";

export const QUERIES = {
  list: { title: "list of 50 workflows", body: JSON.stringify({ query: LIST, variables: { first: 50 } }) },
  small: { title: "one field", body: JSON.stringify({ query: SMALL }) },
};

const WORKFLOWS = 100;

/** @param engine of a node that works; resolves when all workflows have ended */
export async function seed({ engine, events }) {
  const caller = { tenant: "default" };
  const task = (name, handler, input) => ({
    name, handler, input, dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL", queue: "default",
  });
  for (let i = 0; i < WORKFLOWS; i += 1) {
    const last = i % 5 === 0 ? task("c", "fail", { code: "BROKEN", message: "One in five fails." }) : task("c", "log", { b: "{{ b }}" });
    const definition = {
      name: `report-${i % 5}`, onFailure: "CONTINUE",
      groups: [{ name: "main", dependencies: [], tasks: [task("a", "log", { i: "{{ i }}" }), task("b", "log", { a: "{{ a }}" }), last] }],
    };
    const { workflowId } = await engine.submitWorkflow(caller, { definition, context: { i }, labels: { customer: `c-${i}`, region: "eu" } });
    for await (const event of events.subscribe(workflowId)) if (/^WORKFLOW_(COMPLETED|FAILED)$/.test(event.type)) break;
  }
}
