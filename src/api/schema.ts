/** Builds the executable schema from the decorated classes. */

// Decorated classes ask for it when they are defined, so it comes before all of them.
import "reflect-metadata";
import { lexicographicSortSchema, printSchema } from "graphql";
import type { GraphQLSchema } from "graphql";
import { buildSchema } from "type-graphql";
import type { PubSub } from "type-graphql";
import { ItemChildFields, TaskChildFields } from "./fields/childFields.js";
import { GroupFields } from "./fields/groupFields.js";
import { SessionFields, SessionOfWorkflow } from "./fields/sessionFields.js";
import { TaskFields } from "./fields/taskFields.js";
import { WorkflowFields } from "./fields/workflowFields.js";
import { CancelWorkflowMutation } from "./operations/cancelWorkflow.js";
import { ClaimTasksMutation } from "./operations/claimTasks.js";
import { CompleteTasksMutation } from "./operations/completeTasks.js";
import { FailTaskMutation } from "./operations/failTask.js";
import { DefinitionQuery, DefinitionsQuery, RegisterDefinitionMutation } from "./operations/definitions.js";
import { EventsSubscription } from "./operations/events.js";
import { HandlersQuery } from "./operations/handlers.js";
import { HandBackTasksMutation } from "./operations/handBackTasks.js";
import { HeartbeatTasksMutation } from "./operations/heartbeatTasks.js";
import { NodeQuery } from "./operations/node.js";
import { PlanWorkflowQuery } from "./operations/planWorkflow.js";
import { QueuesQuery } from "./operations/queues.js";
import { ReportProgressMutation } from "./operations/reportProgress.js";
import { ServerInfoQuery } from "./operations/serverInfo.js";
import { SessionQuery } from "./operations/session.js";
import { SubmitWorkflowMutation } from "./operations/submitWorkflow.js";
import { TaskOffersSubscription } from "./operations/taskOffers.js";
import { WorkersQuery } from "./operations/workers.js";
import { DeleteWorkflowMutation } from "./operations/deleteWorkflow.js";
import { PauseWorkflowMutation } from "./operations/pauseWorkflow.js";
import { ProvideContextMutation } from "./operations/provideContext.js";
import { RerunWorkflowMutation } from "./operations/rerunWorkflow.js";
import { ResumeWorkflowMutation } from "./operations/resumeWorkflow.js";
import { RetryWorkflowMutation } from "./operations/retryWorkflow.js";
import { SignalTaskMutation } from "./operations/signalTask.js";
import { WorkflowQuery } from "./operations/workflow.js";
import { WorkflowEventsSubscription } from "./operations/workflowEvents.js";
import { WorkflowProgressSubscription } from "./operations/workflowProgress.js";
import { WorkflowsQuery } from "./operations/workflows.js";

const OPERATIONS = [
  NodeQuery, WorkflowQuery, WorkflowsQuery, PlanWorkflowQuery, HandlersQuery, ServerInfoQuery,
  SessionQuery, DefinitionQuery, DefinitionsQuery, RegisterDefinitionMutation,
  SubmitWorkflowMutation, CancelWorkflowMutation,
  PauseWorkflowMutation, ResumeWorkflowMutation, RetryWorkflowMutation, RerunWorkflowMutation,
  ProvideContextMutation, SignalTaskMutation, DeleteWorkflowMutation,
  WorkflowEventsSubscription, WorkflowProgressSubscription, EventsSubscription,
  WorkersQuery, QueuesQuery, ClaimTasksMutation, HeartbeatTasksMutation, ReportProgressMutation, CompleteTasksMutation, FailTaskMutation, HandBackTasksMutation, TaskOffersSubscription,
] as const;

const ROOT_DESCRIPTIONS: Readonly<Record<string, string>> = {
  Query: "What can be read.",
  Mutation: "What can be changed. Expected problems are data in the payload; GraphQL errors are for the unexpected.",
  Subscription: "What can be followed live, over WebSocket (graphql-transport-ws) on /graphql or server-sent events on /graphql/stream.",
};

/** The library insists on a pub/sub, though every subscription here brings its own iterator from the event log. */
const NO_PUB_SUB: PubSub = {
  publish() {
    throw new Error("Events are published by the engine.");
  },
  subscribe() {
    throw new Error("Events are read from the log.");
  },
};

export async function createSchema(): Promise<GraphQLSchema> {
  const resolvers = [...OPERATIONS, WorkflowFields, GroupFields, TaskFields, TaskChildFields, ItemChildFields, SessionFields, SessionOfWorkflow] as const;
  const schema = await buildSchema({ resolvers, pubSub: NO_PUB_SUB, validate: false });
  for (const [name, description] of Object.entries(ROOT_DESCRIPTIONS)) {
    const type = schema.getType(name);
    if (type) type.description = description;
  }
  return schema;
}

const HEADER = `# The public API of Fanwire. Generated from src/api by \`npm run schema\`; a test compares it. Never edit it by hand.\n\n`;

/** The schema as schema/schema.graphql holds it: sorted, so that a change shows as a small difference. */
export function printSortedSchema(schema: GraphQLSchema): string {
  return `${HEADER}${printSchema(lexicographicSortSchema(schema))}\n`;
}
