/** A client that follows many workflows over WebSocket, and resumes behind the last event it got, at any of the servers that are up. */

import { createClient, type Client } from "graphql-ws";
import WebSocket from "ws";
import { waitFor } from "../support/waitFor.js";

export interface WideEvent { cursor: string; seq: number; type: string; workflowId: string }

const EVENTS = "subscription($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { cursor seq type workflowId } }";

export class WideClient {
  readonly events: WideEvent[] = [];
  connections = 0;
  /** Errors that the server gave, as opposed to broken sockets. */
  readonly errors: unknown[] = [];
  #client: Client | undefined;
  #stopped = false;
  readonly #ended: Promise<void>;

  /**
   * @param urls WebSocket addresses of the servers that are up now
   * @param after the cursor to begin behind
   */
  constructor(private readonly urls: () => readonly string[], private readonly filter: object, private readonly after: string) {
    this.#ended = this.#run();
  }

  /** Breaks the connection as a network does. */
  cut(): void {
    this.#client?.terminate();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.cut();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const urls = this.urls();
      const url = urls[this.connections++ % Math.max(1, urls.length)];
      if (url !== undefined) await this.#connection(url).catch((error: unknown) => { if (Array.isArray(error)) this.errors.push(...(error as unknown[])); });
      await waitFor(() => this.#stopped || this.urls().length > 0, { what: "a server", timeoutMs: 60_000 });
    }
  }

  async #connection(url: string): Promise<void> {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    this.#client = client;
    try {
      const variables = { filter: this.filter, after: this.events.at(-1)?.cursor ?? this.after };
      for await (const { data, errors } of client.iterate<{ events: WideEvent }>({ query: EVENTS, variables })) {
        if (errors) this.errors.push(...errors);
        if (data) this.events.push(data.events);
      }
    } finally {
      await client.dispose();
    }
  }
}
