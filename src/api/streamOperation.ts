/** One operation for a stream of server-sent events, in either mode: read from its request, checked, and run with its results going to the stream. */

import type { IncomingMessage } from "node:http";
import { execute, getOperationAST, GraphQLError } from "graphql";
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { ApiLog } from "./ApiLog.js";
import type { ApiContext } from "./context.js";
import { formatError } from "./formatError.js";
import { readJsonBody, RequestRefused } from "./requestBody.js";
import type { SharedSubscriptions } from "./subscriptions/SharedSubscriptions.js";
import type { StreamOutbox } from "./subscriptions/StreamOutbox.js";
import { Subscriber } from "./subscriptions/Subscriber.js";

/** Of requests for streams, and for what goes over them. */
export const STREAM_METHODS = "GET, POST, PUT, DELETE";

export interface OperationParts {
  schema: GraphQLSchema;
  /** From a document's text to the document, or what is wrong with it. */
  prepare(text: string): DocumentNode | GraphQLError[];
  newContext(signal: AbortSignal): ApiContext;
  subscriptions: SharedSubscriptions;
  log: ApiLog;
}

/** What a request asks for, in its form. */
export interface Parameters {
  query: string;
  variables: Record<string, unknown> | null | undefined;
  operationName: string | null | undefined;
  extensions: Record<string, unknown> | null | undefined;
}

/** An operation that may be run. */
export interface StreamOperation {
  definition: OperationDefinitionNode;
  document: DocumentNode;
  parameters: Parameters;
}

/** @throws RequestRefused 400, 413, 415 */
export async function readParameters(request: IncomingMessage, url: URL, bodyLimitBytes?: number): Promise<Parameters> {
  const given = request.method === "GET" ? parametersOf(url) : await readJsonBody(request, bodyLimitBytes);
  const { query, variables, operationName, extensions } = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  if (typeof query !== "string") throw refused(400, "`query` must be the text of a GraphQL document.");
  if (!isObjectOrNone(variables)) throw refused(400, "`variables` must be an object.");
  if (!isObjectOrNone(extensions)) throw refused(400, "`extensions` must be an object.");
  if (operationName !== undefined && operationName !== null && typeof operationName !== "string") throw refused(400, "`operationName` must be text.");
  return { query, operationName, variables, extensions };
}

/** The operation, or everything that is wrong with its document. @throws RequestRefused 405 a mutation by GET */
export function findOperation(parts: OperationParts, parameters: Parameters, method: string | undefined): StreamOperation | GraphQLError[] {
  const document = parts.prepare(parameters.query);
  if (Array.isArray(document)) return document;
  const definition = getOperationAST(document, parameters.operationName);
  if (!definition) return [new GraphQLError("The document has no such operation, or several and no operationName.")];
  if (method === "GET" && definition.operation === "mutation") throw refused(405, "Mutations are sent by POST.");
  return { definition, document, parameters };
}

/** Ends when the operation has, and all its results are with the outbox. @param stopped nobody waits for its results any longer */
export async function runOperation(parts: OperationParts, { definition, document, parameters }: StreamOperation, outbox: StreamOutbox, stopped: AbortSignal): Promise<void> {
  const { operationName, variables } = parameters;
  const args = { schema: parts.schema, document, operationName, variableValues: variables, contextValue: parts.newContext(stopped) };
  try {
    const answer = definition.operation === "subscription" ? await parts.subscriptions.subscribe(args, outbox) : await execute(args);
    if (answer instanceof Subscriber) {
      stopped.addEventListener("abort", () => answer.stop());
      if (stopped.aborted) answer.stop();
      await answer.done;
      outbox.finish();
    } else {
      // Until there is room the operation counts as one that runs: so a stream that nobody reads holds a bounded number of answers.
      await room(outbox);
      outbox.finish(shown(answer, parts.log));
    }
  } catch (error) {
    // The answer has begun, so the error is a result like any other.
    outbox.finish(resultOf([error], parts.log));
  }
}

/** Of errors, as clients see them. */
export function resultOf(errors: readonly unknown[], log: ApiLog): ExecutionResult {
  return { errors: errors.map((error) => formatError(error, log)) } as unknown as ExecutionResult;
}

export function refused(status: number, message: string, code = "BAD_REQUEST", headers: Record<string, string> = {}): RequestRefused {
  return new RequestRefused(status, code, message, status === 405 ? { allow: STREAM_METHODS } : headers);
}

function parametersOf({ searchParams }: URL): unknown {
  const json = (name: string): unknown => {
    const text = searchParams.get(name);
    try {
      return text === null ? undefined : JSON.parse(text);
    } catch {
      throw refused(400, `The parameter \`${name}\` is not JSON.`);
    }
  };
  return { query: searchParams.get("query") ?? undefined, operationName: searchParams.get("operationName"), variables: json("variables"), extensions: json("extensions") };
}

function isObjectOrNone(value: unknown): value is Record<string, unknown> | null | undefined {
  return value === undefined || (typeof value === "object" && !Array.isArray(value));
}

async function room(outbox: StreamOutbox): Promise<void> {
  while (outbox.full) await new Promise<void>((resolve) => outbox.whenFree(resolve));
}

function shown(result: ExecutionResult, log: ApiLog): ExecutionResult {
  return result.errors ? ({ ...result, ...resultOf(result.errors, log) } as ExecutionResult) : result;
}
