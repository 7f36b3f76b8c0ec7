/** What the package `fanwire` gives to programs: everything that is meant to be used, and nothing else. */

export { ClientError, type ClientErrorKind, ServerUnreachable } from "./client/ClientError.js";
export {
  createClient, type Changed, type ClientOptions, type FanwireClient, type Submitted, type WatchOptions, type WorkflowEvent, type WorkflowPlan, type WorkflowState,
} from "./client/FanwireClient.js";
export type { EventType, SignalTaskInput, SubmitWorkflowInput, TaskGroupInput, TaskInput, TaskStatus, WorkflowDefinitionInput, WorkflowStatus } from "./client/generated/graphql.js";
export type { Token, TypedOperation } from "./client/GraphqlClient.js";
export { createServer, type FanwireServer } from "./embed/createServer.js";
export type { EmbedOptions } from "./embed/options.js";
export { RemoteWorker, type RemoteWorkerOptions } from "./embed/RemoteWorker.js";
export { Worker, type WorkerOptions } from "./embed/Worker.js";
export { defineExpander, type ExpanderDefinition } from "./engine/defineExpander.js";
export { defineHandler, type HandlerDefinition } from "./engine/defineHandler.js";
export type { Handler, HandlerContext } from "./engine/handlers.js";
export type { StandardSchema } from "./engine/standardSchema.js";
export { FanwireError, type Problem } from "./errors.js";
export type { Expander, ExpanderContext } from "./workflow/expander.js";
export type { JsonObject, JsonValue } from "./workflow/json.js";
