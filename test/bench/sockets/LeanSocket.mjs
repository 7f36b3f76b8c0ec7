/** A WebSocket client that reads frame heads and counts; of one that is asked to, every event's seq. */

import { randomUUID } from "node:crypto";
import { connect } from "node:net";

/** A masked text frame, as clients must send them; the mask is zero. */
function frameOf(text) {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length]) : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

const SEQ = /"seq":(\d+)/;
const CURSOR = /"cursor":"([^"]+)"/;

export class LeanSocket {
  events = 0;
  completedMs = 0;
  cursor;
  #id = randomUUID();
  #seqs = [];
  #rest;
  #upgraded = false;
  #socket;
  #listeners = [];

  /** @param exact whether it looks into every event */
  constructor(url, { query, id }, exact) {
    this.url = url;
    this.query = query;
    this.workflowId = id;
    this.exact = exact;
    this.completed = new Promise((resolve, reject) => { this.complete = resolve; this.fail = reject; });
    this.completed.catch(() => undefined);
  }

  /** Resolves when the subscription was sent and `ahead` events have come. */
  async connect(ahead, url = this.url) {
    const { port, hostname } = new URL(url);
    this.#upgraded = false;
    this.#rest = undefined;
    const socket = connect(Number(port), hostname);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => { if (socket === this.#socket) this.#take(chunk); });
    socket.on("error", (error) => { if (socket === this.#socket) this.fail(error); });
    socket.on("close", () => { if (socket === this.#socket && this.completedMs === 0) this.fail(new Error("closed by the server")); });
    socket.write(`GET /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n`
      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n");
    await Promise.race([this.#when(() => this.subscribed && this.events >= ahead), this.completed]);
  }

  reached(events) {
    return Promise.race([this.#when(() => this.events >= events), this.completed]);
  }

  cut() {
    const socket = this.#socket;
    this.#socket = undefined;
    this.subscribed = false;
    socket?.destroy();
  }

  checkOrder() {
    const wrong = this.#seqs.findIndex((seq, i) => seq !== i + 1);
    if (wrong >= 0) throw new Error(`Event ${wrong + 1} has seq ${this.#seqs[wrong]}`);
  }

  #when(condition) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#listeners.push({ condition, resolve }));
  }

  #take(chunk) {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    if (!this.#upgraded) {
      const end = data.indexOf("\r\n\r\n");
      if (end < 0) return void (this.#rest = data);
      if (!data.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) return void this.fail(new Error(data.toString("latin1").slice(0, 100)));
      data = data.subarray(end + 4);
      this.#upgraded = true;
      this.#socket.write(frameOf('{"type":"connection_init"}'));
    }
    let at = 0;
    while (data.length - at >= 2) {
      let length = data[at + 1];
      let start = at + 2;
      if (length === 126) {
        if (data.length - at < 4) break;
        length = data.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (data.length - at < 10) break;
        length = Number(data.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (start + length > data.length) break;
      this.#frame(data, data[at] & 15, start, length);
      at = start + length;
    }
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : undefined;
    if (this.#listeners.length > 0) this.#listeners = this.#listeners.filter(({ condition, resolve }) => !condition() || void resolve());
  }

  /** {"id":"<36 characters>","type":"next",...: the first letter of the type stands at one place. */
  #frame(data, opcode, start, length) {
    if (opcode === 9) return void this.#socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    if (opcode !== 1) return;
    if (data[start + 2] === 0x69 && data[start + 53] === 0x6e) {
      this.events += 1;
      if (this.exact) this.#look(data.toString("latin1", start, start + length));
      return;
    }
    const { type, payload } = JSON.parse(data.toString("utf8", start, start + length));
    if (type === "connection_ack") {
      const variables = { id: this.workflowId, ...(this.cursor ? { after: this.cursor } : {}) };
      this.#socket.write(frameOf(JSON.stringify({ id: this.#id, type: "subscribe", payload: { query: this.query, variables } })));
      this.subscribed = true;
    } else if (type === "complete") {
      this.completedMs = performance.now();
      this.complete();
    } else this.fail(new Error(JSON.stringify(payload)));
  }

  #look(text) {
    if (text.includes('"errors"')) this.fail(new Error(text));
    this.#seqs.push(Number(SEQ.exec(text)?.[1]));
    this.cursor = CURSOR.exec(text)?.[1];
  }
}
