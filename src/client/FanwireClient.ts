/** The client for programs: submits workflows, follows them, answers them; typed by the schema. */

import { ClientError, refuseProblems } from "./ClientError.js";
import {
  CancelDocument, EventsDocument, PauseDocument, PlanDocument, ProvideDocument, RerunDocument, ResumeDocument, RetryDocument, SignalDocument,
  SubmitDocument, WorkflowDocument, type EventsSubscription, type EventType, type PayloadPartsFragment, type PlanQuery, type SignalTaskInput, type SubmitWorkflowInput,
  type WorkflowDefinitionInput, type WorkflowQuery, type WorkflowStatus,
} from "./generated/graphql.js";
import { GraphqlClient, type Token, type TypedOperation } from "./GraphqlClient.js";
import { Watch } from "./Watch.js";

export interface ClientOptions {
  /** Of the GraphQL endpoint, or of the server alone, which means its /graphql. */
  url: string;
  /** Sent as `Authorization: Bearer <token>`, over WebSocket as well; a function is asked for each request and connection. */
  token?: Token;
}

export type WorkflowEvent = EventsSubscription["workflowEvents"];
export type WorkflowState = Omit<NonNullable<WorkflowQuery["workflow"]>, "context" | "labels"> & { context: Record<string, unknown>; labels: Record<string, unknown> };
export type WorkflowPlan = PlanQuery["planWorkflow"];
export interface Submitted { id: string; status: WorkflowStatus; /** The idempotency key had been used before: this is the workflow of then. */ duplicate: boolean }
export interface Changed { id: string; status: WorkflowStatus }

export interface WatchOptions {
  /** Cursor of the last event seen; default: from the beginning. "LATEST": only those still to come. */
  after?: string;
  /** Only these types. */
  types?: EventType[];
  /** Ends the iteration. */
  signal?: AbortSignal;
  /** The connection was lost and is being made again. */
  onReconnect?: () => void;
}

const ENDS: EventType[] = ["WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED", "WORKFLOW_TIMED_OUT"];

/** Every method throws ClientError: UNREACHABLE, REFUSED with all `problems`, or FAILED. */
export class FanwireClient {
  readonly #graphql: GraphqlClient;

  /** @throws ClientError REFUSED when the URL is none */
  constructor({ url, token }: ClientOptions) {
    this.#graphql = new GraphqlClient(url, token);
  }

  /** Any other operation, typed by what GraphQL Code Generator makes of it. */
  request<Data, Variables>(operation: TypedOperation<Data, Variables>, variables: Variables): Promise<Data> {
    return this.#graphql.request(operation, variables);
  }

  /** All of it is accepted and kept, or nothing. With an `idempotencyKey` it can be repeated safely. */
  async submit(input: SubmitWorkflowInput): Promise<Submitted> {
    const { submitWorkflow } = await this.request(SubmitDocument, { input });
    refuseProblems("The workflow was not accepted", submitWorkflow.problems);
    return { ...present(submitWorkflow.workflow), duplicate: submitWorkflow.duplicate };
  }

  /** Checks a definition without running it. Its problems are part of the plan. */
  async plan(definition: WorkflowDefinitionInput, context: Record<string, unknown> = {}): Promise<WorkflowPlan> {
    return (await this.request(PlanDocument, { definition, context })).planWorkflow;
  }

  /** As it stands now; undefined when there is none of that id. @param keys of the context that are read; default: all */
  async workflow(id: string, keys?: string[]): Promise<WorkflowState | undefined> {
    const { workflow } = await this.request(WorkflowDocument, { id, keys: keys ?? null });
    return (workflow as WorkflowState | null) ?? undefined;
  }

  /**
   * Every event once and in order, those that are recorded first, then live until the workflow has ended; through lost connections and
   * servers that are restarted. An event's `cursor` as `after` goes on behind it, in another process as well.
   */
  watch(id: string, { after, types, signal, onReconnect }: WatchOptions = {}): AsyncIterableIterator<WorkflowEvent> {
    return new Watch<WorkflowEvent>({
      after, signal,
      cursorOf: ({ cursor }) => cursor,
      follow: (from, onEvent, stop) => this.#graphql.follow(EventsDocument, {
        variables: { id, types: types ?? null, ...(from === undefined ? {} : { after: from }) },
        cursorOf: ({ workflowEvents }) => workflowEvents.cursor, onData: ({ workflowEvents }) => onEvent(workflowEvents), onReconnect, signal: stop,
      }),
    });
  }

  /** Waits until it has ended, however it ended. @throws the signal's reason */
  async ended(id: string, { keys, signal }: { keys?: string[]; signal?: AbortSignal } = {}): Promise<WorkflowState> {
    // One that was retried has ended before: it is over when the server says that nothing follows.
    for await (const _event of this.watch(id, { types: ENDS, ...(signal === undefined ? {} : { signal }) })) continue;
    signal?.throwIfAborted();
    const workflow = await this.workflow(id, keys);
    if (!workflow) throw new ClientError("REFUSED", `There is no workflow ${id}`, [{ code: "NOT_FOUND", message: `There is no workflow ${id}, or it is not yours.` }]);
    return workflow;
  }

  async cancel(id: string, reason?: string): Promise<Changed> {
    return changed(`${id} was not cancelled`, (await this.request(CancelDocument, { id, reason: reason ?? null })).cancelWorkflow);
  }

  async pause(id: string): Promise<Changed> {
    return changed(`${id} was not paused`, (await this.request(PauseDocument, { id })).pauseWorkflow);
  }

  async resume(id: string): Promise<Changed> {
    return changed(`${id} was not resumed`, (await this.request(ResumeDocument, { id })).resumeWorkflow);
  }

  /** Runs again, in place, what did not complete. */
  async retry(id: string): Promise<Changed> {
    return changed(`${id} was not retried`, (await this.request(RetryDocument, { id })).retryWorkflow);
  }

  /** A new workflow with the same definition. @param context over the first one's initial context */
  async rerun(id: string, options: { context?: Record<string, unknown>; idempotencyKey?: string } = {}): Promise<Changed> {
    return changed(`${id} was not run again`, (await this.request(RerunDocument, { id, context: options.context ?? null, idempotencyKey: options.idempotencyKey ?? null })).rerunWorkflow);
  }

  /** Gives values to keys that the definition declares as external. */
  async provide(id: string, values: Record<string, unknown>): Promise<Changed> {
    return changed(`${id} was given nothing`, (await this.request(ProvideDocument, { id, values })).provideContext);
  }

  /** Answers a task that waits for a signal or an approval. */
  async signal(input: SignalTaskInput): Promise<void> {
    refuseProblems(`${input.task} was not answered`, (await this.request(SignalDocument, { input })).signalTask.problems);
  }
}

/** @throws ClientError REFUSED when the URL is none. Nothing is connected yet. */
export function createClient(options: ClientOptions): FanwireClient {
  return new FanwireClient(options);
}

function changed(what: string, { workflow, problems }: PayloadPartsFragment): Changed {
  refuseProblems(what, problems);
  return present(workflow);
}

function present(workflow: { id: string; status: WorkflowStatus } | null | undefined): Changed {
  if (!workflow) throw new ClientError("FAILED", "The server answered with neither a workflow nor a problem");
  return { id: workflow.id, status: workflow.status };
}
