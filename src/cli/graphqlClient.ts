/** Queries and mutations over HTTP: one POST, and answers that are failures turned into exit codes. */

import type { Problem } from "../errors.js";
import { isObject } from "../workflow/json.js";
import { CommandFailure, EXIT } from "./exitCodes.js";
import type { HttpAnswer } from "./httpPost.js";
import { postJson } from "./httpPost.js";
import type { Operation } from "./operations.js";

/** Of silence; a submission of some MB to a busy server takes seconds. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface GraphqlError {
  message: string;
  extensions?: { code?: string; problems?: Problem[] };
}

/** Thrown when nothing that speaks GraphQL answers at the URL. */
export class ServerUnreachable extends CommandFailure {
  constructor(
    readonly url: string,
    reason: string,
    /** True when the connection itself failed, so that no request can have been carried out. */
    readonly refused: boolean,
  ) {
    super(EXIT.UNREACHABLE, `No Fanwire server answers at ${url} (${reason})`);
  }
}

export class GraphqlClient {
  readonly url: string;
  readonly #url: URL;

  /**
   * @param url of the endpoint, or of the server alone, which means its /graphql
   * @throws CommandFailure INVALID when it is no http or https URL
   */
  constructor(url: string) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new CommandFailure(EXIT.INVALID, `${url} is not a URL of a server; write it like http://127.0.0.1:4000/graphql`);
    }
    this.#url = new URL(url);
    if (this.#url.pathname === "/") this.#url.pathname = "/graphql";
    this.url = this.#url.href;
  }

  /** The same path over WebSocket. */
  get webSocketUrl(): string {
    return this.url.replace(/^http/, "ws");
  }

  /**
   * @throws ServerUnreachable when there is no answer
   * @throws CommandFailure INVALID when the server refuses the request, FAILED when it fails on it
   */
  async request<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    const answer = await this.#post(JSON.stringify({ query: operation.text, variables }));
    const { data, errors } = this.#parse(answer);
    if (errors !== undefined && errors.length > 0) throw requestFailure(errors);
    return data as Data;
  }

  async #post(body: string): Promise<HttpAnswer> {
    try {
      return await postJson(this.#url, body, REQUEST_TIMEOUT_MS);
    } catch (error) {
      const code = connectionCode(error);
      throw new ServerUnreachable(this.url, code ?? (error as Error).message, code === "ECONNREFUSED");
    }
  }

  #parse(answer: HttpAnswer): { data?: unknown; errors?: GraphqlError[] } {
    let body: unknown;
    try {
      body = JSON.parse(answer.body);
    } catch {
      // Not JSON: something else than a GraphQL server sits there.
    }
    if (isObject(body) && (body.data !== undefined || Array.isArray(body.errors))) return body as { data?: unknown; errors?: GraphqlError[] };
    throw new ServerUnreachable(this.url, `the answer, HTTP ${answer.status}, is not GraphQL`, false);
  }
}

/** A name with several addresses that all refuse gives an AggregateError, with the codes inside. */
function connectionCode(error: unknown): string | undefined {
  const { code, errors } = error as { code?: string; errors?: { code?: string }[] };
  return code ?? errors?.[0]?.code;
}

/** A refused or failed request as the failure to exit with: problems where the server tells them, else its messages. */
export function requestFailure(errors: readonly GraphqlError[]): CommandFailure {
  const codes = errors.map((error) => error.extensions?.code);
  if (codes.includes("UNAVAILABLE")) return new CommandFailure(EXIT.UNREACHABLE, `The server cannot do this now: ${errors[0]?.message}`);
  if (codes.some((code) => code === "INTERNAL" || code === "INTERNAL_SERVER_ERROR")) {
    return new CommandFailure(EXIT.FAILED, `The server failed: ${errors[0]?.message}`);
  }
  return new CommandFailure(EXIT.INVALID, "The server refuses the request", errors.flatMap(problemsOf));
}

/** graphql-js writes where a variable is wrong into the message; here it becomes the path, as validation writes paths. */
const VARIABLE_MESSAGE = /^Variable "\$\w+" got invalid value (?:[\s\S]*?) at "(?:input\.)?(?:definition\.)?([^"]+)"; ([\s\S]*)$/;

function problemsOf(error: GraphqlError): Problem[] {
  if (error.extensions?.problems !== undefined && error.extensions.problems.length > 0) return error.extensions.problems;
  const code = error.extensions?.code ?? "INVALID_VALUE";
  const found = VARIABLE_MESSAGE.exec(error.message);
  if (found === null) return [{ code, message: error.message }];
  return [{ code, path: found[1] as string, message: found[2] as string }];
}
