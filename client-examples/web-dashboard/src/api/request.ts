/** Queries and mutations over HTTP. */

import type { TypedDocumentString } from "../../generated/graphql.js";

const URL_OF_API = new URL("/graphql", location.href).href;

/** No answer at all: the server or the network is away. */
export class Unreachable extends Error {}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string }[];
}

/** @throws Unreachable, or an Error with what the server says */
export async function request<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  const response = await fetch(URL_OF_API, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: document.toString(), variables }),
  }).catch(() => {
    throw new Unreachable("The server does not answer.");
  });
  const answer = (await response.json().catch(() => ({ errors: [{ message: `The server answered ${response.status}.` }] }))) as Answer<Data>;
  if (answer.errors || !answer.data) throw new Error(answer.errors?.map(({ message }) => message).join("\n") ?? "The answer is empty.");
  return answer.data;
}
