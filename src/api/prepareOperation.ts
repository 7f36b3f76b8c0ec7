/** From a document's text to one that may be executed, parsed and validated once, for all ways that do not go through Apollo. */

import { GraphQLError, parse, specifiedRules, validate } from "graphql";
import type { DocumentNode, GraphQLSchema } from "graphql";
import { DocumentCache } from "./DocumentCache.js";
import { checkDocumentText, selectionLimits } from "./documentLimits.js";
import { DOCUMENT_LIMIT_TOKENS } from "./limits.js";

const RULES = [...specifiedRules, selectionLimits];

/** The returned function gives the document, or everything that is wrong with it. */
export function createPreparer(schema: GraphQLSchema): (text: string) => DocumentNode | GraphQLError[] {
  const documents = new DocumentCache();
  return (text) => {
    const known = documents.find(text);
    if (known) return known;
    const breach = checkDocumentText(text);
    if (breach) return [breach];
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: DOCUMENT_LIMIT_TOKENS });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return [withCode(error, "GRAPHQL_PARSE_FAILED")];
    }
    const errors = validate(schema, document, RULES);
    if (errors.length > 0) return errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED"));
    documents.keep(text, document);
    return document;
  };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, { nodes: error.nodes, source: error.source, positions: error.positions, extensions: { code, ...error.extensions } });
}
