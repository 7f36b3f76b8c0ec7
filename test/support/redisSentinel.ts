/** A primary with a replica and three sentinels on the loopback interface, all real; what the replica gets passes a proxy that may hold it back. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer } from "../../src/runtime/redisBinary.js";
import { freePort } from "./ports.js";
import { startTestRedis, type TestRedis } from "./redisServer.js";
import { startTcpProxy, type TcpProxy } from "./tcpProxy.js";
import { waitFor } from "./waitFor.js";
import { withRedis } from "./withRedis.js";

const NAME = "main";
const SENTINELS = 3;
const QUORUM = 2;

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class TestSentinels {
  /** Between the first primary and its replica, until that is the primary. */
  link!: TcpProxy;
  readonly #servers: TestRedis[] = [];
  readonly #ports: number[] = [];
  readonly #children: ChildProcess[] = [];
  #directory = "";

  get url(): string {
    return `redis+sentinel://${this.#ports.map((port) => `127.0.0.1:${port}`).join(",")}/${NAME}`;
  }

  async start(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), "fanwire-sentinels-"));
    const primary = await this.#startServer({});
    this.link = await startTcpProxy({ port: primary.port });
    const replica = await this.#startServer({ replicaof: `127.0.0.1 ${this.link.port}` });
    await linked(replica);
    await Promise.all(Array.from({ length: SENTINELS }, () => this.#startSentinel(primary.port)));
    await Promise.all(this.#ports.map((port) => withRedis({ port }, (redis) => waitFor(async () => {
      const [state] = (await redis.call("SENTINEL", "MASTERS")) as string[][];
      const of = (name: string): number => Number(state?.[(state?.indexOf(name) ?? -1) + 1]);
      return of("num-slaves") === 1 && of("num-other-sentinels") === SENTINELS - 1;
    }, { what: "each sentinel to know the replica and the others", intervalMs: 50 }))));
  }

  /** Who the sentinels say is the primary. */
  async primary(): Promise<TestRedis> {
    const [, port] = await withRedis({ port: this.#ports[0] as number }, async (redis) => (await redis.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)) as [string, string]);
    return this.#servers.find((server) => server.port === Number(port)) as TestRedis;
  }

  /** Kills the primary; resolves when another one is. */
  async killPrimary(): Promise<{ old: TestRedis; primary: TestRedis }> {
    const old = await this.primary();
    await old.kill9();
    return { old, primary: await this.#another(old) };
  }

  /** Stops the primary without an end: its connections stay, and nothing comes over them. Resolves when another one is the primary. */
  async freezePrimary(): Promise<{ old: TestRedis; primary: TestRedis }> {
    const old = await this.primary();
    process.kill(old.pid, "SIGSTOP");
    return { old, primary: await this.#another(old) };
  }

  async #another(old: TestRedis): Promise<TestRedis> {
    // Sooner they would have told the replica to leave the proxy alone; later they would wait with a second failover.
    for (const port of this.#ports) await withRedis({ port }, (redis) => redis.call("SENTINEL", "SET", NAME, "failover-timeout", "1000"));
    return waitFor(async () => {
      const now = await this.primary();
      return now.port === old.port ? undefined : now;
    }, { what: "the sentinels to make the replica the primary", timeoutMs: 20_000, intervalMs: 50 });
  }

  /** Starts one that was killed, as the replica of another. */
  async startAsReplica(server: TestRedis, primary: TestRedis): Promise<void> {
    server.extra.replicaof = `127.0.0.1 ${primary.port}`;
    await server.restart();
    await linked(server);
  }

  async addReplica(primary: TestRedis): Promise<void> {
    await linked(await this.#startServer({ replicaof: `127.0.0.1 ${primary.port}` }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }));
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.link?.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #startServer(more: Record<string, string>): Promise<TestRedis> {
    const server = await startTestRedis({ extra: { "repl-diskless-sync-delay": "0", ...more } });
    this.#servers.push(server);
    return server;
  }

  async #startSentinel(primaryPort: number): Promise<void> {
    const port = await freePort();
    const file = join(this.#directory, `${port}.conf`);
    // A sentinel keeps what it learns in its configuration file.
    await writeFile(file, [
      `port ${port}`, "bind 127.0.0.1", `dir ${this.#directory}`, `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} 500`, `sentinel failover-timeout ${NAME} 60000`, "",
    ].join("\n"));
    const { command, env } = await findRedisServer();
    const child = spawn(command, [file, "--sentinel"], { env, cwd: this.#directory, stdio: "ignore" });
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#children.push(child);
    this.#ports.push(port);
    await waitFor(() => withRedis({ port }, (redis) => redis.ping()), { what: "a sentinel to answer" });
  }
}

function linked(replica: TestRedis): Promise<unknown> {
  return withRedis(replica, (redis) => waitFor(async () => (await redis.info("replication")).includes("master_link_status:up"), { what: "the replica to have its primary's data" }));
}
