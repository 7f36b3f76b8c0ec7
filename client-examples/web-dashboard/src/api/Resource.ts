/**
 * What a query answers, kept fresh: any number of `refresh()` are answered by one request at a time, and by no more
 * of them than the server can take. What was read stays while the next answer is under way, or while the server is away.
 */

import type { TypedDocumentString } from "../../generated/graphql.js";
import { request, Unreachable } from "./request.js";
import { createValue } from "./value.js";

export interface Loaded<Data> {
  data: Data | undefined;
  error: Error | undefined;
  loading: boolean;
}

const LEAST_GAP_MS = 120;
const AWAY_GAP_MS = 2_000;

export class Resource<Data, Variables> {
  readonly state = createValue<Loaded<Data>>({ data: undefined, error: undefined, loading: true });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #again = false;
  #closed = false;
  #nextMs = 0;

  constructor(readonly document: TypedDocumentString<Data, Variables>, readonly variables: Variables) {}

  /** Reads it, now or as soon as the last answer is old enough. */
  refresh(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#timer ??= setTimeout(() => void this.#load(), Math.max(0, this.#nextMs - performance.now()));
  }

  open(): void {
    this.#closed = false;
    this.refresh();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #load(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#again = false;
    const begunMs = performance.now();
    let away = false;
    try {
      const data = await request(this.document, this.variables);
      this.state.set({ data, error: undefined, loading: false });
    } catch (error) {
      away = error instanceof Unreachable;
      this.state.set({ data: this.state.get().data, error: error as Error, loading: false });
    }
    const nowMs = performance.now();
    // A slow answer is asked for less often: at most half of the time is spent on it.
    this.#nextMs = nowMs + (away ? AWAY_GAP_MS : Math.max(LEAST_GAP_MS, nowMs - begunMs));
    this.#running = false;
    if (this.#again || away) this.refresh();
  }
}
