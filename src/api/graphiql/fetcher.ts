/** Sends what the editors hold: queries and mutations by POST, subscriptions over WebSocket, both on /graphql of the same host. */

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import type { Fetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";
import type { DocumentNode } from "graphql";
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
    return send(fresh, { ...options, documentAST });
  };
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
