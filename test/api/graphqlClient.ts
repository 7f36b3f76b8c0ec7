/** What the API's tests share: requests over HTTP and WebSocket, and a small workflow. */

import { createClient } from "graphql-ws";
import type { Client } from "graphql-ws";
import WebSocket from "ws";

/** What an operation answers: its shape is the operation's own, and each test checks the part it is about. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Answer = any;

export interface GraphqlAnswer {
  data?: Answer;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

export interface Endpoints {
  url: string;
  wsUrl: string;
}

export function postRaw(server: Pick<Endpoints, "url">, body: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}): Promise<Response> {
  const init: RequestInit & { duplex?: "half" } = {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: body as RequestInit["body"],
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  };
  return fetch(new URL("/graphql", server.url), init);
}

export async function request(server: Pick<Endpoints, "url">, query: string, variables: object = {}): Promise<GraphqlAnswer> {
  const response = await postRaw(server, JSON.stringify({ query, variables }));
  return (await response.json()) as GraphqlAnswer;
}

/** The data; an answer with errors is a failed test. */
export async function data(server: Pick<Endpoints, "url">, query: string, variables: object = {}): Promise<Answer> {
  const answer = await request(server, query, variables);
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

export function connect(server: Endpoints): Client {
  return createClient({ url: new URL("/graphql", server.wsUrl).href, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true });
}

/** What a subscription answered instead of data. */
export class SubscriptionErrors extends Error {
  constructor(readonly errors: unknown) {
    super(JSON.stringify(errors));
  }
}

/** Everything a subscription gives, until it completes. @throws SubscriptionErrors */
export async function collect(client: Client, query: string, variables: Record<string, unknown>): Promise<Answer[]> {
  const results: Answer[] = [];
  for await (const result of endingInErrors(client.iterate<Answer>({ query, variables }))) {
    if (result.errors) throw new SubscriptionErrors(result.errors);
    results.push(result.data);
  }
  return results;
}

/** The client's iterator throws the server's list of errors as it is. */
async function* endingInErrors<T>(results: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* results;
  } catch (errors) {
    throw new SubscriptionErrors(errors);
  }
}

export const SUBMIT = `mutation Submit($input: SubmitWorkflowInput!) {
  submitWorkflow(input: $input) { duplicate problems { code message path hint } workflow { id name status labels } }
}`;

/** Doubles each number, then adds the doubles up. */
export function sumOfDoubles(numbers: number[], more: object = {}): object {
  return {
    definition: {
      name: "sum_of_doubles",
      groups: [
        {
          name: "work",
          tasks: [
            {
              name: "doubles",
              handler: "transform",
              expansion: { array: { number: "numbers" } },
              input: { expression: "n * 2", data: { n: "{{ number }}" } },
            },
            { name: "total", handler: "transform", input: { expression: "$sum(list)", data: { list: "{{ doubles }}" } } },
          ],
        },
      ],
    },
    context: { numbers },
    ...more,
  };
}

/** One task that is still running when the test looks. */
export function longDelay(more: object = {}): object {
  return {
    definition: { name: "long_delay", groups: [{ name: "waits", tasks: [{ name: "pause", handler: "delay", input: { duration: "1h" } }] }] },
    ...more,
  };
}

export async function submit(server: Endpoints, input: object): Promise<string> {
  const { submitWorkflow } = await data(server, SUBMIT, { input });
  if (submitWorkflow.problems.length > 0) throw new Error(JSON.stringify(submitWorkflow.problems));
  return submitWorkflow.workflow.id as string;
}

/** Submits and waits for the end by following the events. */
export async function submitAndFinish(server: Endpoints, client: Client, input: object): Promise<string> {
  const id = await submit(server, input);
  await collect(client, "subscription($id: ID!) { workflowEvents(id: $id) { type } }", { id });
  return id;
}
