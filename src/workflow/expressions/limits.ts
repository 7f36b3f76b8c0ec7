/** How much one expression may do; what goes beyond is EXPRESSION_LIMIT, or EXPRESSION_SYNTAX when the source alone shows it. */

export const EXPRESSION_LIMITS = {
  /** Length of an expression's source, in characters. */
  sourceChars: 32_768,
  /** How deep `??` and `?:` may stand in the left operand of another: the parser's work doubles with each level. */
  defaultNesting: 6,
  /** Wall time of one evaluation. JSONata does not yield to the event loop, so this is also how long it may block it. */
  timeoutMs: 2_000,
  /** Calls inside calls. */
  depth: 1_000,
  /** Elements of one sequence; as many as an expansion may have items. */
  sequenceItems: 1_000_000,
  /** Length of one string, in UTF-16 units. */
  stringChars: 2 * 1024 * 1024,
  /** List elements made by one evaluation, all steps together. */
  allocatedItems: 20_000_000,
  /** UTF-16 units of long strings made by one evaluation, all steps together. */
  allocatedChars: 64 * 1024 * 1024,
  /** Fields of one object that an expression makes: JSONata's `*` takes quadratic time in them. */
  objectFields: 50_000,
  /** Values (objects, lists and scalars) in what goes into, or comes out of, one evaluation. */
  jsonNodes: 10_000_000,
  /** Objects inside lists inside objects ... in what goes in or comes out. */
  jsonDepth: 1_000,
  /** Length of a picture of a date or a number, and of a text that is parsed by one. */
  pictureChars: 256,
  /** Length of a regular expression. */
  regexChars: 1_000,
} as const;

/** Thrown inside an evaluation when a limit is reached; it leaves as FanwireError EXPRESSION_LIMIT. */
export class LimitReached extends Error {}
