/** Any operation of the API: queries and mutations as one POST each, subscriptions over a WebSocket that comes back by itself. */

import { isObject } from "../workflow/json.js";
import { ClientError, requestFailure, ServerUnreachable, type GraphqlFailure } from "./ClientError.js";
import { Follower, type Follow } from "./Follower.js";
import { postJson, type HttpAnswer } from "./httpPost.js";

/** A document with the type of its data and of its variables; what GraphQL Code Generator makes with `documentMode: string` is one. */
export interface TypedOperation<Data, Variables> {
  toString(): string;
  /** Never present: it carries the types. */
  readonly __apiType?: (variables: Variables) => Data;
}

/** The token itself, or what gives one whenever it is needed. */
export type Token = string | (() => string | Promise<string>);

/** Of silence; a submission of some MB to a busy server takes seconds. */
const REQUEST_TIMEOUT_MS = 60_000;

export class GraphqlClient {
  readonly url: string;
  readonly #url: URL;
  readonly #token: Token | undefined;
  #follower: Follower | undefined;

  /**
   * @param url of the endpoint, or of the server alone, which means its /graphql
   * @throws ClientError REFUSED when it is no http or https URL
   */
  constructor(url: string, token?: Token) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new ClientError("REFUSED", `${url} is not a URL of a server; write it like http://127.0.0.1:4000/graphql`);
    }
    this.#url = new URL(url);
    if (this.#url.pathname === "/") this.#url.pathname = "/graphql";
    this.url = this.#url.href;
    this.#token = token;
  }

  /** The same path over WebSocket. */
  get webSocketUrl(): string {
    return this.url.replace(/^http/, "ws");
  }

  /**
   * @param signal breaks it off; it may have been carried out all the same
   * @throws ServerUnreachable when there is no answer
   * @throws ClientError REFUSED when the server refuses the request, FAILED when it fails on it
   */
  async request<Data, Variables>(operation: TypedOperation<Data, Variables>, variables: Variables, signal?: AbortSignal): Promise<Data> {
    const answer = await this.#post(JSON.stringify({ query: operation.toString(), variables }), signal);
    const { data, errors } = this.#parse(answer);
    if (errors !== undefined && errors.length > 0) throw requestFailure(errors);
    return data as Data;
  }

  /**
   * Follows a subscription whose data have cursors, exactly once each, through cut connections and restarted servers. Resolves when it has
   * completed, or was broken off by its signal.
   * @throws ServerUnreachable when the connection cannot be made again, ClientError REFUSED when the server refuses
   */
  follow<Data, Variables>(operation: TypedOperation<Data, Variables>, follow: Omit<Follow<Data, Variables>, "query">): Promise<void> {
    this.#follower ??= new Follower(this.webSocketUrl, () => this.#authorization());
    return this.#follower.follow({ ...follow, query: operation.toString() });
  }

  async #authorization(): Promise<string | undefined> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  async #post(body: string, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const authorization = await this.#authorization();
    try {
      return await postJson(this.#url, body, REQUEST_TIMEOUT_MS, authorization, signal);
    } catch (error) {
      const code = connectionCode(error);
      throw new ServerUnreachable(this.url, code ?? (error as Error).message, code === "ECONNREFUSED");
    }
  }

  #parse(answer: HttpAnswer): { data?: unknown; errors?: GraphqlFailure[] } {
    let body: unknown;
    try {
      body = JSON.parse(answer.body);
    } catch {
      // Not JSON: something else than a GraphQL server sits there.
    }
    if (isObject(body) && (body.data !== undefined || Array.isArray(body.errors))) return body as { data?: unknown; errors?: GraphqlFailure[] };
    throw new ServerUnreachable(this.url, `the answer, HTTP ${answer.status}, is not GraphQL`, false);
  }
}

/** A name with several addresses that all refuse gives an AggregateError, with the codes inside. */
function connectionCode(error: unknown): string | undefined {
  const { code, errors } = error as { code?: string; errors?: { code?: string }[] };
  return code ?? errors?.[0]?.code;
}
