/**
 * GraphQL over SSE's single connection mode: a client reserves a stream (PUT), opens it once with the token (GET), and sends its operations by
 * requests of their own (POST), whose results all go over the stream; DELETE stops one.
 */

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS } from "../workflow/limits.js";
import { OPERATION_ID_LIMIT_CHARS, OPERATIONS_BEFORE_STREAMS, RESERVED_STREAMS } from "./limits.js";
import { findOperation, readParameters, refused, resultOf } from "./streamOperation.js";
import type { OperationParts } from "./streamOperation.js";
import { StreamReservation } from "./streamReservation.js";
import type { EventStream } from "./subscriptions/EventStream.js";

const TOKEN_HEADER = "x-graphql-event-stream-token";

/** How long a reservation waits for its stream. */
const RESERVED_MS = 30_000;

export interface SingleConnectionParts extends OperationParts {
  /** Begins the answer that is the stream. */
  newStream(response: ServerResponse): EventStream;
  /** Default 30 s. */
  reservedMs?: number;
  /** Most reservations whose stream is not opened; default 10,000. */
  reservedMost?: number;
}

/** The token that a request carries; undefined: it is for a stream of its own. */
export function tokenOf({ headers }: IncomingMessage, { searchParams }: URL): string | undefined {
  const given = headers[TOKEN_HEADER] ?? searchParams.get("token");
  return typeof given === "string" && given !== "" ? given : undefined;
}

export class SingleConnections {
  readonly #reservations = new Map<string, StreamReservation>();
  /** Those whose stream is not opened: what ends them when it never is. */
  readonly #expiries = new Map<StreamReservation, ReturnType<typeof setTimeout>>();

  constructor(private readonly parts: SingleConnectionParts) {}

  /** Reservations whose stream is not opened. */
  get reserved(): number {
    return this.#expiries.size;
  }

  /** @throws RequestRefused 503 when too many are reserved */
  reserve(response: ServerResponse): void {
    const { reservedMs = RESERVED_MS, reservedMost = RESERVED_STREAMS } = this.parts;
    if (this.#expiries.size >= reservedMost) {
      throw refused(503, `${reservedMost} streams are reserved and not opened; try again in a second.`, "LIMIT_EXCEEDED", { "retry-after": "1" });
    }
    const token = randomBytes(24).toString("base64url");
    const reservation = new StreamReservation(this.parts);
    this.#reservations.set(token, reservation);
    this.#expiries.set(reservation, setTimeout(() => this.#end(token, reservation), reservedMs).unref());
    response.writeHead(201, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    response.end(token);
  }

  /** @throws RequestRefused 404, 409 */
  open(token: string, response: ServerResponse): void {
    const reservation = this.#find(token);
    if (reservation.opened) throw refused(409, "This stream is open already: a token opens one. Reserve another with PUT.");
    clearTimeout(this.#expiries.get(reservation));
    this.#expiries.delete(reservation);
    const stream = this.parts.newStream(response);
    reservation.open(stream);
    stream.gone.addEventListener("abort", () => this.#end(token, reservation));
  }

  /** @throws RequestRefused 400, 404, 405, 409, 413, 415, 429, 503 */
  async operate(token: string, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    this.#find(token);
    const parameters = await readParameters(request, url, LIMITS.messageBytes);
    const id = readOperationId(parameters.extensions?.["operationId"]);
    // The stream may have ended meanwhile.
    const reservation = this.#find(token);
    reservation.checkRoomFor(id);
    if (!reservation.opened) this.#checkRoomBeforeStreams();
    const operation = findOperation(this.parts, parameters, request.method);
    if (Array.isArray(operation)) {
      response.writeHead(400, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
      response.end(JSON.stringify(resultOf(operation, this.parts.log)));
      return;
    }
    reservation.add(id, operation);
    // Who gives up before the answer does not know that there is something to stop.
    response.once("close", () => { if (!response.writableFinished) reservation.stop(id); });
    response.writeHead(202).end();
  }

  /** @throws RequestRefused 400, 404 */
  stop(token: string, response: ServerResponse, { searchParams }: URL): void {
    const reservation = this.#find(token);
    reservation.stop(readOperationId(searchParams.get("operationId")));
    response.writeHead(200).end();
  }

  /** Ends all reservations; streams that are open end by themselves. */
  close(): void {
    for (const expiry of this.#expiries.values()) clearTimeout(expiry);
    this.#expiries.clear();
    for (const reservation of this.#reservations.values()) reservation.end();
    this.#reservations.clear();
  }

  #find(token: string): StreamReservation {
    const reservation = this.#reservations.get(token);
    if (!reservation) throw refused(404, "This server has no stream for the token: it ended, was not opened in time, or is another server's. Reserve a new one with PUT.", "NOT_FOUND");
    return reservation;
  }

  #end(token: string, reservation: StreamReservation): void {
    this.#reservations.delete(token);
    this.#expiries.delete(reservation);
    reservation.end();
  }

  #checkRoomBeforeStreams(): void {
    let waiting = 0;
    for (const reservation of this.#expiries.keys()) waiting += reservation.size;
    if (waiting >= OPERATIONS_BEFORE_STREAMS) throw refused(503, `${waiting} operations wait for streams that are not opened; open this one first.`, "LIMIT_EXCEEDED");
  }
}

function readOperationId(given: unknown): string {
  if (typeof given !== "string" || given === "") throw refused(400, "`operationId` must name the operation: in `extensions` of the operation, or in the address of what stops it.");
  if (given.length > OPERATION_ID_LIMIT_CHARS) throw refused(400, `\`operationId\` has ${given.length} characters; at most ${OPERATION_ID_LIMIT_CHARS} are accepted.`);
  return given;
}
