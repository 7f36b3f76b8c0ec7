/** What a GraphQL document may cost: checks of its text before it is parsed, and of its selections when it is validated. */

import { GraphQLError, Kind, Lexer, Source, TokenKind } from "graphql";
import type { ASTVisitor, SelectionSetNode, ValidationContext } from "graphql";
import {
  DOCUMENT_LIMIT_NESTING, DOCUMENT_LIMIT_SELECTED_NAMES, DOCUMENT_LIMIT_TOKENS, SELECTION_LIMIT_DEPTH,
  SELECTION_LIMIT_FIELDS,
} from "./limits.js";
import { LIMITS } from "../workflow/limits.js";

export function limitError(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "LIMIT_EXCEEDED" } });
}

/** Shorter documents cannot reach any limit: each counted thing takes a character. */
const HARMLESS_CHARS = Math.min(DOCUMENT_LIMIT_NESTING, DOCUMENT_LIMIT_SELECTED_NAMES, DOCUMENT_LIMIT_TOKENS);

/** The breach of a limit that the text shows without being parsed; undefined when there is none. */
export function checkDocumentText(text: string): GraphQLError | undefined {
  if (text.length <= HARMLESS_CHARS) return undefined;
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.documentBytes) {
    return limitError(`The document has ${bytes} bytes; at most ${LIMITS.documentBytes} are accepted. Put values into variables.`);
  }
  try {
    return checkTokens(text);
  } catch {
    return undefined; // No GraphQL at all: the parser says where.
  }
}

function checkTokens(text: string): GraphQLError | undefined {
  const lexer = new Lexer(new Source(text));
  const open: string[] = [];
  let tokens = 0;
  let selectedNames = 0;
  let brackets = 0; // ( and [ that are open: inside them braces are object literals
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    tokens += 1;
    if (tokens > DOCUMENT_LIMIT_TOKENS) return limitError(`The document has more than ${DOCUMENT_LIMIT_TOKENS} tokens. Put values into variables.`);
    if (isOpening(token.kind)) {
      open.push(token.kind);
      if (token.kind !== TokenKind.BRACE_L) brackets += 1;
      if (open.length > DOCUMENT_LIMIT_NESTING) return limitError(`The document nests brackets more than ${DOCUMENT_LIMIT_NESTING} deep.`);
    } else if (isClosing(token.kind)) {
      const opened = open.pop();
      if (opened !== undefined && opened !== TokenKind.BRACE_L) brackets -= 1;
    } else if (token.kind === TokenKind.NAME && open.length > 0 && brackets === 0) {
      selectedNames += 1;
      if (selectedNames > DOCUMENT_LIMIT_SELECTED_NAMES) return limitError(`The document selects more than ${DOCUMENT_LIMIT_SELECTED_NAMES} fields.`);
    }
  }
  return undefined;
}

function isOpening(kind: TokenKind): boolean {
  return kind === TokenKind.BRACE_L || kind === TokenKind.PAREN_L || kind === TokenKind.BRACKET_L;
}

function isClosing(kind: TokenKind): boolean {
  return kind === TokenKind.BRACE_R || kind === TokenKind.PAREN_R || kind === TokenKind.BRACKET_R;
}

interface Extent {
  depth: number;
  fields: number;
}

/** Validation rule: how deep an operation selects, and how many fields, with every fragment counted where it is spread. */
export function selectionLimits(context: ValidationContext): ASTVisitor {
  const measure = selectionMeasure(context);
  return {
    OperationDefinition(operation) {
      const { depth, fields } = measure(operation.selectionSet);
      if (depth > SELECTION_LIMIT_DEPTH) {
        context.reportError(limitError(`The operation selects ${depth} levels deep; the depth limit is ${SELECTION_LIMIT_DEPTH}.`));
      }
      if (fields > SELECTION_LIMIT_FIELDS) {
        context.reportError(limitError(`The operation selects ${fields} fields, fragments expanded; the limit is ${SELECTION_LIMIT_FIELDS}.`));
      }
      return false;
    },
  };
}

function selectionMeasure(context: ValidationContext): (set: SelectionSetNode) => Extent {
  const measured = new Map<string, Extent>();

  function ofFragment(name: string): Extent {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, { depth: 0, fields: 0 }); // For fragments in a circle, which another rule reports.
    const fragment = context.getFragment(name);
    const extent = fragment ? ofSet(fragment.selectionSet) : { depth: 0, fields: 0 };
    measured.set(name, extent);
    return extent;
  }

  function ofSet(set: SelectionSetNode): Extent {
    const total: Extent = { depth: 0, fields: 0 };
    for (const selection of set.selections) {
      let part: Extent;
      if (selection.kind === Kind.FRAGMENT_SPREAD) part = ofFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) part = ofSet(selection.selectionSet);
      else {
        const below = selection.selectionSet ? ofSet(selection.selectionSet) : { depth: 0, fields: 0 };
        // The schema's own description is deep but finite, and graphql's own rule bounds its recursion.
        const depth = selection.name.value === "__schema" || selection.name.value === "__type" ? 1 : below.depth + 1;
        part = { depth, fields: below.fields + 1 };
      }
      total.depth = Math.max(total.depth, part.depth);
      total.fields += part.fields;
    }
    return total;
  }

  return ofSet;
}
