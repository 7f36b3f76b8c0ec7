/**
 * The short way of an operation sent by POST: a known document is executed as it was compiled, without Apollo's way of one request, which costs more
 * than most operations. It takes only what needs no judgement: a JSON object with a valid document and variables that fit, for a client that
 * wants one of the two usual types. All else (GET, subscriptions, whatever is to be refused) goes to Apollo, whose answers stay the reference:
 * a test sends everything both ways and compares.
 */

import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import type { ApiContext } from "./context.js";
import type { ApiLog } from "./ApiLog.js";
import { CompiledDocument } from "./execution/CompiledDocument.js";
import type { CompiledOperation } from "./execution/CompiledDocument.js";
import { formatError } from "./formatError.js";
import { plainlyAccepted } from "./mediaTypes.js";

/** An operation that is as good as answered. */
export interface DirectOperation {
  /** The answer's media type. */
  readonly type: string;
  /** The answer as JSON. Never rejects. */
  execute(context: ApiContext): Promise<string>;
}

/** @returns the operation that the body asks for; undefined when it is not for the short way */
export type FindDirectOperation = (body: unknown, accept: string | undefined) => DirectOperation | undefined;

/** @param prepare gives the same document for the same text, as long as it is kept, or what is wrong with it */
export function createDirectExecution(schema: GraphQLSchema, prepare: (text: string) => DocumentNode | GraphQLError[], log: ApiLog): FindDirectOperation {
  // Kept as long as the document is.
  const compiled = new WeakMap<DocumentNode, CompiledDocument>();
  const compiledOf = (document: DocumentNode): CompiledDocument => {
    let known = compiled.get(document);
    if (!known) compiled.set(document, (known = new CompiledDocument(schema, document)));
    return known;
  };
  return (body, accept) => {
    const type = plainlyAccepted(accept);
    if (type === undefined || !isPlainRequest(body)) return undefined;
    const document = prepare(body.query);
    const operation = Array.isArray(document) ? undefined : compiledOf(document as DocumentNode).operation(body.operationName);
    if (!operation || operation.definition.operation === "subscription") return undefined;
    const { coerced } = operation.coerce(body.variables ?? {});
    return coerced && { type, execute: (context) => answerOf(operation, coerced, context, log) };
  };
}

interface PlainRequest {
  query: string;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

function isPlainRequest(body: unknown): body is PlainRequest {
  if (!isRecord(body)) return false;
  const { query, operationName, variables, extensions } = body;
  return typeof query === "string" && query !== ""
    && (operationName == null || typeof operationName === "string")
    && (variables == null || isRecord(variables))
    && (extensions == null || (isRecord(extensions) && extensions["persistedQuery"] === undefined));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function answerOf(operation: CompiledOperation, variables: Record<string, unknown>, context: ApiContext, log: ApiLog): Promise<string> {
  return writeAnswer(await operation.execute(context, variables), log);
}

/** As Apollo writes it: errors first, and a line's end. */
function writeAnswer({ errors, data }: ExecutionResult, log: ApiLog): string {
  const formatted = errors?.map((error) => formatError(error, log, codeOf(error)));
  return `${JSON.stringify({ errors: formatted, data })}\n`;
}

function codeOf({ extensions }: GraphQLError): string {
  return typeof extensions["code"] === "string" ? extensions["code"] : "INTERNAL_SERVER_ERROR";
}
