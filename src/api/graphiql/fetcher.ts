/** Sends what the editors hold: queries and mutations by POST, subscriptions over WebSocket, both on /graphql of the same host. */

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import type { Fetcher } from "@graphiql/toolkit";
import { Kind, OperationTypeNode, parse } from "graphql";
import type { DocumentNode, ExecutionResult } from "graphql";
import { createClient } from "graphql-ws";

export function createFetcher(): Fetcher {
  const url = new URL("/graphql", location.href);
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const send = createGraphiQLFetcher({ url: url.href, wsClient: createClient({ url: socketUrl.href }) });
  return (params, options) => {
    // For a moment after a change of tabs GraphiQL still holds what it knew of the other tab's document.
    const documentAST = parseOrUndefined(params.query);
    if (!documentAST) return send(params, options);
    const { operationName, ...rest } = params;
    const fresh = hasOperation(documentAST, operationName) ? params : rest;
    const result = send(fresh, { ...options, documentAST });
    return isSubscription(documentAST, operationName) ? collected(result as ReturnType<Fetcher>) : result;
  };
}

/** How many events stay in view. */
const SHOWN = 200;

type Payload = ExecutionResult<Record<string, unknown>, Record<string, unknown>>;

/** GraphiQL shows only the last result of a subscription; here each result holds all so far, the newest first. */
async function* collected(result: ReturnType<Fetcher>): AsyncGenerator<Payload> {
  const seen: Record<string, unknown[]> = {};
  for await (const payload of (await result) as AsyncIterable<Payload>) {
    if (!payload.data) {
      yield payload;
      continue;
    }
    for (const [field, value] of Object.entries(payload.data)) seen[field] = [value, ...(seen[field] ?? [])].slice(0, SHOWN);
    yield { ...payload, data: { ...seen } };
  }
}

function isSubscription(document: DocumentNode, name: string | null | undefined): boolean {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const chosen = operations.find((operation) => operation.name?.value === name) ?? operations[0];
  return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
}

function parseOrUndefined(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // The server says what is wrong with it.
  }
}

function hasOperation(document: DocumentNode, name: string | null | undefined): boolean {
  return document.definitions.some((definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === name);
}
