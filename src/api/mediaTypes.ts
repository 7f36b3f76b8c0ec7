/** The two media types of GraphQL's answers over HTTP, and which of them a client plainly asks for. */

export const JSON_TYPE = "application/json; charset=utf-8";
export const GRAPHQL_RESPONSE_TYPE = "application/graphql-response+json; charset=utf-8";

/** The type of an answer where that is clear without weighing anything; undefined for everything else. */
export function plainlyAccepted(accept: string | undefined): string | undefined {
  switch (accept) {
    case undefined:
    case "":
    case "*/*":
    case "application/json":
      return JSON_TYPE;
    case "application/graphql-response+json":
      return GRAPHQL_RESPONSE_TYPE;
    default:
      return undefined;
  }
}
