/** One execution of an operation: its variables, whose request it is, and the errors that it has met. */

import { locatedError, responsePathAsArray } from "graphql";
import type { FieldNode, FragmentDefinitionNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from "graphql";

/** A place in the answer; the one that is above it comes first. Undefined is the answer itself. */
export interface Path {
  readonly prev: Path | undefined;
  readonly key: string | number;
  /** The type whose field it is; undefined for an element of a list. */
  readonly typename: string | undefined;
}

/** What does not change from one execution of the operation to the next. */
export interface Source {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode>;
}

export type Variables = Record<string, unknown>;

export class Run {
  readonly errors: GraphQLError[] = [];
  readonly #failed = new Set<Path | undefined>();

  constructor(readonly source: Source, readonly contextValue: unknown, readonly variables: Variables, readonly rootValue?: unknown) {}

  /** An error below a place that another one has already made null is not told: as graphql does. */
  note(error: GraphQLError, path: Path | undefined): void {
    for (let place = path; place !== undefined; place = place.prev) if (this.#failed.has(place)) return;
    if (this.#failed.has(undefined)) return;
    this.#failed.add(path);
    this.errors.push(error);
  }

  /** The value of a place that failed: null where that is allowed. @throws GraphQLError, located, for the place above where it is not */
  fail(raw: unknown, nodes: readonly FieldNode[], path: Path, nullable: boolean): null {
    const error = locatedError(raw, nodes, responsePathAsArray(path));
    if (!nullable) throw error;
    this.note(error, path);
    return null;
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** For a promise that nobody waits for any more, because something beside it has failed. */
export function ignoreRejection(value: unknown): void {
  if (isPromise(value)) value.then(undefined, () => undefined);
}
