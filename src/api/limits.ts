/** The sizes that the API accepts, besides those that a deployment may set (workflow/limits.ts); each is named in the error of its breach. */

/** Tokens of a document; a definition written as a literal needs many. */
export const DOCUMENT_LIMIT_TOKENS = 20_000;

/** Brackets inside brackets of a document: bounds the recursion of the parser and of all that reads its tree. */
export const DOCUMENT_LIMIT_NESTING = 300;

/** Names that stand in selection sets of a document; comparing fields of equal names is quadratic. */
export const DOCUMENT_LIMIT_SELECTED_NAMES = 2_000;

/** Fields below fields, fragments expanded. */
export const SELECTION_LIMIT_DEPTH = 15;

/** Fields of an operation, each fragment counted wherever it is spread. */
export const SELECTION_LIMIT_FIELDS = 5_000;

/** Operations that may run at the same time on one WebSocket, or for one stream of server-sent events. */
export const OPERATIONS_PER_CONNECTION = 1_000;

/** Of an operation's id on a stream that carries several, in characters. */
export const OPERATION_ID_LIMIT_CHARS = 256;

/** Streams of one process that are reserved and not yet opened. */
export const RESERVED_STREAMS = 10_000;

/** Operations of one process that wait for reserved streams to be opened: of 1 MiB each at most. */
export const OPERATIONS_BEFORE_STREAMS = 100;

/** Source text of the parsed documents that one transport keeps; their trees take some twenty times as much. */
export const DOCUMENT_CACHE_CHARS = 2_000_000;
