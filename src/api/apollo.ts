/** Apollo Server as this API uses it: no landing page, no cache headers, no persisted queries, no subscriptions over POST. */

import { ApolloServer } from "@apollo/server";
import type { ApolloServerPlugin } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from "@apollo/server/plugin/disabled";
import { GraphQLError } from "graphql";
import type { GraphQLSchema } from "graphql";
import type { ApiContext } from "./context.js";
import type { ApiLog } from "./ApiLog.js";
import { DocumentCache } from "./DocumentCache.js";
import { selectionLimits } from "./documentLimits.js";
import { formatError } from "./formatError.js";
import { DOCUMENT_LIMIT_TOKENS } from "./limits.js";

/** `drain` is called when the server stops: it ends when all connections are closed. */
export function createApollo(schema: GraphQLSchema, log: ApiLog, drain: () => Promise<void>): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    documentStore: new DocumentCache(),
    parseOptions: { maxTokens: DOCUMENT_LIMIT_TOKENS },
    validationRules: [selectionLimits],
    formatError: (formatted, error) => formatError(error, log, codeOf(formatted.extensions)),
    logger: apolloLogger(log),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      refuseSubscriptions,
      noteRefusals,
      { serverWillStart: async () => ({ drainServer: drain }) },
    ],
  });
}

function codeOf(extensions: Record<string, unknown> | undefined): string | undefined {
  const code = extensions?.["code"];
  return typeof code === "string" ? code : undefined;
}

/** Without this a subscription sent by POST would be executed once, without an event, and answered as a success. */
const refuseSubscriptions: ApolloServerPlugin<ApiContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== "subscription") return;
        throw new GraphQLError("Subscriptions are served over WebSocket (graphql-transport-ws) on this path, and as server-sent events on /graphql/stream.", {
          extensions: { code: "BAD_REQUEST", http: { status: 400 } },
        });
      },
    };
  },
};

const refusedDocuments = new WeakSet<object>();

/** Whether Apollo refused the request with these headers for its document or its variables, not for how it was sent. */
export function isRefusedDocument(headers: object): boolean {
  return refusedDocuments.has(headers);
}

/** Notes for whoever sends the answer what its status alone does not tell. */
const noteRefusals: ApolloServerPlugin<ApiContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response, source, operation }) {
        if (response.http.status !== 400 || source === undefined || operation?.operation === "subscription") return;
        if (request.http) refusedDocuments.add(request.http.headers);
      },
    };
  },
};

function apolloLogger(log: ApiLog) {
  return {
    debug() {},
    info: (message?: unknown) => log.info({}, String(message)),
    warn: (message?: unknown) => log.warn({}, String(message)),
    error: (message?: unknown) => log.error({}, String(message)),
  };
}
