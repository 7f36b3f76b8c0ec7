/** A loopback TCP proxy in front of Redis that loses requests, replies and connections when told to. */

import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { RespReader } from "./respReader.js";
import type { RespCommand } from "./respReader.js";

/** Which commands: a text that one of its words contains (a script's sha, a key), or a test of its words. */
export type CommandMatch = string | ((words: string[]) => boolean);

export type ProxyTarget = { port: number } | { path: string };

interface PlannedCut {
  when: "beforeRequest" | "afterRequest";
  match: CommandMatch;
  left: number;
  done: () => void;
}

export async function startTcpProxy(target: ProxyTarget): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen();
  return proxy;
}

export class TcpProxy {
  /** Delay of every chunk in both directions, in ms. */
  delayMs = 0;
  /** Most bytes per write, in both directions; 0: as they come. */
  chunkBytes = 0;
  /** Whether new connections are closed at once. */
  refusing = false;
  /** Commands that reached Redis. */
  forwarded = 0;
  #blackHole = false;
  #cuts: PlannedCut[] = [];
  readonly #links = new Set<Link>();
  readonly #server: Server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));

  constructor(readonly target: ProxyTarget) {}

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once("error", reject).listen(0, "127.0.0.1", resolve));
  }

  /** Closes every connection now. */
  cutAll(): void {
    for (const link of this.#links) link.destroy();
  }

  /**
   * The next `times` matching commands are carried out, but their connection ends before the reply comes back.
   * Resolves when the last of them has happened.
   */
  cutAfterRequest(match: CommandMatch = () => true, times = 1): Promise<void> {
    return this.#plan("afterRequest", match, times);
  }

  /** The next `times` matching commands never reach Redis, and their connection ends. */
  cutBeforeRequest(match: CommandMatch = () => true, times = 1): Promise<void> {
    return this.#plan("beforeRequest", match, times);
  }

  /** The next `times` commands of any kind are carried out without a reply. */
  dropReplies(times: number): Promise<void> {
    return this.cutAfterRequest(() => true, times);
  }

  /** The connections that there are stay open, and no byte passes on them ever again. New ones work. */
  freezeAll(): void {
    for (const link of this.#links) link.hold(true);
  }

  /** Half-open: connections stay, new ones are taken, and no byte passes either way; `false` lets the held bytes pass. */
  set blackHole(on: boolean) {
    this.#blackHole = on;
    for (const link of this.#links) link.hold(on);
  }

  get blackHole(): boolean {
    return this.#blackHole;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutAll();
    await closed;
  }

  #plan(when: PlannedCut["when"], match: CommandMatch, times: number): Promise<void> {
    return new Promise<void>((done) => this.#cuts.push({ when, match, left: times, done }));
  }

  #accept(client: Socket): void {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const link = new Link(client, connect({ ...this.target, allowHalfOpen: true } as { port: number; allowHalfOpen: boolean }), this);
    this.#links.add(link);
    link.onEnd = () => this.#links.delete(link);
    link.hold(this.#blackHole);
  }

  /** For links: what to do with a command. */
  decide(words: string[]): { when: PlannedCut["when"] | "pass"; done: () => void } {
    const cut = this.#cuts.find(({ match }) => typeof match === "string" ? words.some((word) => word.includes(match)) : match(words));
    if (!cut) return { when: "pass", done: () => {} };
    cut.left--;
    const last = cut.left === 0;
    if (last) this.#cuts = this.#cuts.filter((other) => other !== cut);
    return { when: cut.when, done: last ? cut.done : () => {} };
  }
}

/** One client's connection and its twin to Redis. */
class Link {
  onEnd: () => void = () => {};
  #discarding = false;
  #ended = false;
  #release: (() => void) | undefined;
  #held: Promise<void> | undefined;
  #toRedis: Promise<void> = Promise.resolve();
  #toClient: Promise<void> = Promise.resolve();
  readonly #reader = new RespReader();

  constructor(readonly client: Socket, readonly redis: Socket, readonly proxy: TcpProxy) {
    for (const socket of [client, redis]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.destroy()).on("close", () => this.destroy());
    }
    client.on("data", (chunk: Buffer) => { this.#toRedis = this.#toRedis.then(() => this.#request(chunk)); });
    redis.on("data", (chunk: Buffer) => { this.#toClient = this.#toClient.then(() => this.#reply(chunk)); });
    client.on("end", () => { this.#toRedis = this.#toRedis.then(() => void this.redis.end()); });
    redis.on("end", () => { this.#toClient = this.#toClient.then(() => this.destroy()); });
  }

  hold(on: boolean): void {
    if (on) this.#held ??= new Promise((resolve) => { this.#release = resolve; });
    else {
      this.#release?.();
      this.#held = undefined;
    }
  }

  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.hold(false);
    this.client.destroy();
    this.redis.destroy();
    this.onEnd();
  }

  async #request(chunk: Buffer): Promise<void> {
    await this.#pace();
    for (const command of this.#reader.push(chunk)) {
      if (this.#ended || this.#discarding) return;
      await this.#command(command);
    }
  }

  async #command({ bytes, words }: RespCommand): Promise<void> {
    const { when, done } = this.proxy.decide(words);
    if (when === "beforeRequest") {
      this.destroy();
      done();
      return;
    }
    if (when === "afterRequest") this.#discarding = true;
    this.proxy.forwarded++;
    await this.#write(this.redis, bytes);
    if (when === "afterRequest") {
      // Redis carries out what it has received before it sees the end of the connection: its close says that it is done.
      this.redis.once("close", done);
      this.redis.end();
      this.redis.resume();
    }
  }

  async #reply(chunk: Buffer): Promise<void> {
    await this.#pace();
    if (!this.#discarding && !this.#ended) await this.#write(this.client, chunk);
  }

  async #pace(): Promise<void> {
    if (this.#held) await this.#held;
    if (this.proxy.delayMs > 0) await delay(this.proxy.delayMs);
  }

  async #write(socket: Socket, bytes: Buffer): Promise<void> {
    const step = this.proxy.chunkBytes || bytes.length;
    for (let at = 0; at < bytes.length && !this.#ended; at += step) {
      // Waiting for each write keeps small chunks apart, and a slow reader from filling this process's memory.
      await new Promise<void>((resolve) => socket.write(bytes.subarray(at, at + step), () => resolve()));
    }
  }
}
