/** Queries and subscriptions in components. */

import { useEffect, useMemo, useRef } from "react";
import type { TypedDocumentString } from "../../generated/graphql.js";
import { Resource } from "./Resource.js";
import type { Loaded } from "./Resource.js";
import { returns, socket } from "./socket.js";
import { useValue } from "./value.js";

export interface Query<Data> extends Loaded<Data> {
  refresh(): void;
}

/** Reads again whenever the connection to the server comes back. */
export function useQuery<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Query<Data> {
  const key = JSON.stringify(variables);
  // The key stands for the variables: equal ones keep what was read.
  const resource = useMemo(() => new Resource(document, variables), [document, key]);
  useEffect(() => {
    resource.open();
    const stop = returns.subscribe(() => resource.refresh());
    return () => {
      stop();
      resource.close();
    };
  }, [resource]);
  const state = useValue(resource.state);
  return useMemo(() => ({ ...state, refresh: () => resource.refresh() }), [state, resource]);
}

interface Listener<Data, Variables> {
  /** May change the variables, so that a lost connection goes on behind what was seen. */
  onNext(data: Data, variables: Variables): void;
  onEnd?(): void;
}

const ERROR_WAIT_MS = 2_000;

/** Subscribes while the component is there and `variables` are given; a new `turn` subscribes anew. */
export function useSubscription<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables | undefined,
  listener: Listener<Data, Variables>,
  turn = 0,
): void {
  const latest = useRef(listener);
  latest.current = listener;
  const key = variables && JSON.stringify(variables);
  useEffect(() => {
    if (key === undefined) return undefined;
    // graphql-ws sends this same object again after a lost connection.
    const current = JSON.parse(key) as Variables;
    let stop: (() => void) | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = (): void => {
      stop = socket.subscribe<Data>({ query: document.toString(), variables: current }, {
        next: ({ data }) => data && latest.current.onNext(data, current),
        error: () => (timer = setTimeout(begin, ERROR_WAIT_MS)),
        complete: () => latest.current.onEnd?.(),
      });
    };
    begin();
    return () => {
      clearTimeout(timer);
      stop?.();
    };
  }, [document, key, turn]);
}

/** Calls it every `everyMs` while that is given. */
export function useEvery(everyMs: number | undefined, call: () => void): void {
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => latest.current(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
