/** A client of /graphql/stream's single connection mode, spoken by hand. */

import { waitFor } from "../support/waitFor.js";
import type { Answer } from "./graphqlClient.js";

export const TOKEN = "x-graphql-event-stream-token";
export const EVENTS = "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq type cursor } }";

export interface StreamMessage {
  event: string;
  data: Answer;
}

/** Where the requests go, as they are. */
export async function ask(url: string, method: string, init: { token?: string | undefined; body?: object | string; headers?: Record<string, string>; search?: string } = {}): Promise<Response> {
  const { token, body, headers = {}, search = "" } = init;
  return fetch(new URL(`/graphql/stream${search}`, url), {
    method, ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    headers: { ...(token === undefined ? {} : { [TOKEN]: token }), ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
}

export async function reserve(url: string): Promise<string> {
  const response = await ask(url, "PUT");
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return response.text();
}

/** An open stream that notes what comes. */
export class StreamTalk {
  readonly messages: StreamMessage[] = [];
  /** Undefined while the stream is open; the error that ended it, or "end". */
  ended: unknown;
  readonly #abort = new AbortController();

  constructor(private readonly url: string, readonly token: string) {}

  static async open(url: string): Promise<StreamTalk> {
    const talk = new StreamTalk(url, await reserve(url));
    await talk.listen();
    return talk;
  }

  async listen(): Promise<void> {
    const response = await fetch(new URL("/graphql/stream", this.url), { headers: { accept: "text/event-stream", [TOKEN]: this.token }, signal: this.#abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    this.#read(response).then(() => { this.ended = "end"; }, (error: unknown) => { this.ended = error; });
  }

  operate(id: string, query: string, variables: object = {}): Promise<Response> {
    return ask(this.url, "POST", { token: this.token, body: { query, variables, extensions: { operationId: id } } });
  }

  stop(id: string): Promise<Response> {
    return ask(this.url, "DELETE", { token: this.token, search: `?operationId=${encodeURIComponent(id)}` });
  }

  /** What came for an operation so far. */
  of(id: string): StreamMessage[] {
    return this.messages.filter(({ data }) => data.id === id);
  }

  /** All results of an operation, once it is complete. */
  async results(id: string): Promise<Answer[]> {
    await waitFor(() => this.of(id).some(({ event }) => event === "complete"), { what: `the end of ${id}`, timeoutMs: 20_000 });
    return this.of(id).filter(({ event }) => event === "next").map(({ data }) => data.payload);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    for await (const message of streamMessages(response)) this.messages.push(message);
  }
}

/** Messages of an event stream as they come, until it ends; comments are left out. */
export async function* streamMessages(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const blocks = text.split("\n\n");
    text = blocks.pop() as string;
    for (const block of blocks.filter((each) => each.startsWith("event: "))) {
      const [event, payload] = block.split("\n").map((line) => line.replace(/^\w+: ?/, "")) as [string, string];
      yield { event, data: payload === "" ? undefined : JSON.parse(payload) };
    }
  }
}
