/** A live subscription that says where it stands, so that equal ones can share one reader and one execution. */

/**
 * Two ways to read it, of which a reader uses one: value by value as an iterator, or by pulls of all that is there.
 * Pulls never wait for what is still to come; `changed` does.
 */
export interface LiveSource<T> extends AsyncIterableIterator<T> {
  /** Sources with equal keys give equal values behind equal places. What a value shows must depend on the value alone. */
  readonly shareKey: string;

  /** Behind everything that was pulled. Undefined: it must be pulled before others can go on where it stands. */
  readonly place: string | undefined;

  /** Resolves when the place is known, if it can be without a pull. @throws FanwireError what the first next() throws */
  ready(): Promise<void>;

  /** All that is there behind the place, a page at most; empty: nothing at this moment; undefined: nothing will come. @throws FanwireError */
  pull(): Promise<readonly T[] | undefined>;

  /** Resolves when a pull may find something, or when the source is closed. */
  changed(): Promise<void>;

  /** The place behind a value. */
  placeOf(value: T): string;

  /** Equal for equal values of equal sources, and for no others; undefined: no two values are. */
  idOf(value: T): string | undefined;

  /** Another source of the same share key that starts at a place. */
  from(place: string): LiveSource<T>;
}

/** The place of sources whose values replace the earlier ones: whoever has one can go on with anybody's next. */
export const ANYWHERE = "";

export function isLiveSource<T>(source: AsyncIterable<T>): source is LiveSource<T> {
  return "shareKey" in source && "pull" in source;
}
