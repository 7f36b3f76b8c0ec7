/** How much one JSON Schema, and one check against it, may do. */

export const SCHEMA_LIMITS = {
  /** Schemas inside one schema, itself included. */
  subschemas: 2_000,
  /** Schemas inside schemas. */
  depth: 64,
  /** Length of a `pattern`, in UTF-16 units. */
  patternChars: 1_000,
  /**
   * Of one check: a step for each keyword applied to each value, more for long lists and texts. A count and not a time,
   * so that a result that is accepted once is always accepted.
   */
  steps: 5_000_000,
  /** Schemas applied inside each other during a check, through references to itself. */
  nesting: 400,
  /** Violations that are told; there may be one for each element of a long list. */
  violations: 100,
  /** Compiled schemas that a process keeps, and the length of their texts together, in UTF-16 units. */
  kept: 500,
  keptChars: 4 * 1024 * 1024,
} as const;

/** Thrown inside a check that would go beyond a limit. */
export class SchemaLimit extends Error {}

/** Counts the steps of one check. */
export class Budget {
  #steps = 0;
  #nesting = 0;

  /** @throws SchemaLimit */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > SCHEMA_LIMITS.steps) throw new SchemaLimit(`it takes more than ${SCHEMA_LIMITS.steps} steps`);
  }

  /** @throws SchemaLimit */
  enter(): void {
    this.#nesting++;
    if (this.#nesting > SCHEMA_LIMITS.nesting) throw new SchemaLimit(`schemas are applied more than ${SCHEMA_LIMITS.nesting} levels deep`);
  }

  leave(): void {
    this.#nesting--;
  }
}
