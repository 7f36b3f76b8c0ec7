/** The tabs that stand ready when the page is opened for the first time. */

const SUBMIT_VARIABLES = {
  input: {
    definition: {
      name: "greet_customers",
      groups: [
        {
          name: "enrich",
          tasks: [
            {
              name: "profiles",
              handler: "transform",
              expansion: { array: { customer: "customers" }, identifier: "{{ customer.id }}", maxParallel: 2 },
              input: {
                expression: '{ "id": id, "greeting": "Dear " & name, "total": $sum(orders) }',
                data: "{{ customer }}",
              },
            },
          ],
        },
        {
          name: "report",
          tasks: [
            {
              name: "summary",
              handler: "transform",
              input: {
                expression: '{ "customers": $count(profiles), "revenue": $sum(profiles.total) }',
                data: { profiles: "{{ profiles }}" },
              },
            },
          ],
        },
      ],
    },
    context: {
      customers: [
        { id: "ada", name: "Ada", orders: [12, 30] },
        { id: "grace", name: "Grace", orders: [7] },
        { id: "edsger", name: "Edsger", orders: [] },
      ],
    },
    labels: { example: true },
  },
};

const SUBMIT = `# Starts a workflow: one profile per customer, then a summary of all.
# Copy the id that comes back into the variables of the Watch tab.
mutation Submit($input: SubmitWorkflowInput!) {
  submitWorkflow(input: $input) {
    workflow {
      id
      name
      status
    }
    duplicate
    problems {
      code
      message
      path
      hint
    }
  }
}
`;

const WATCH = `# Every event of a workflow: first what has been recorded, then live.
subscription Watch($id: ID!, $after: Cursor) {
  workflowEvents(id: $id, after: $after) {
    seq
    type
    at
    cursor
    ... on WorkflowStatusEvent {
      status
      error {
        code
        message
      }
    }
    ... on TaskEvent {
      task
      item
      attempt
      itemCount
      result
      error {
        code
        message
      }
    }
    ... on ContextEvent {
      keys
    }
  }
}
`;

const LIST = `# The newest workflows and how far they are.
query List {
  workflows(first: 20) {
    totalCount
    nodes {
      id
      name
      status
      percent
      submittedAt
      finishedAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const PLAN = `# Checks a definition without running it.
query Plan($definition: WorkflowDefinitionInput!, $context: JSON) {
  planWorkflow(definition: $definition, context: $context) {
    valid
    problems {
      code
      message
      path
      hint
    }
    levels
    estimatedTasks
    nodes {
      task
      level
      dependsOn
      reads
      writes
    }
  }
}
`;

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}

export interface TabDefinition {
  query: string | null;
  variables?: string | null;
}

export const EXAMPLE_TABS: TabDefinition[] = [
  { query: SUBMIT, variables: json(SUBMIT_VARIABLES) },
  { query: WATCH, variables: json({ id: "" }) },
  { query: LIST },
  { query: PLAN, variables: json({ definition: SUBMIT_VARIABLES.input.definition, context: SUBMIT_VARIABLES.input.context }) },
];
