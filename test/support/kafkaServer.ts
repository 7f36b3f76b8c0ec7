/** Real Kafka for tests: one broker that the files of a run share, and private ones that a test may kill. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { Kafka, logLevel } from "kafkajs";
import { inject } from "vitest";
import { withProcessLock } from "../../src/runtime/processLock.js";
import { kafkaJars } from "./kafkaJars.js";
import { freePort } from "./ports.js";
import { waitFor } from "./waitFor.js";

const run = promisify(execFile);
/** Small, and quick to start rather than fast. */
const JVM = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];
const START_TIMEOUT_MS = 60_000;
const LOCK_TIMEOUT_MS = 400_000;

export interface TestKafka {
  /** host:port each. */
  readonly brokers: string[];
}

/** What a broker takes by PLAIN and by SCRAM-SHA-256. */
export interface Login { username: string; password: string }

/** A broker that belongs to one test file. */
export interface PrivateKafka extends TestKafka {
  /** Where it wants a login, when it was started with one; `brokers` want none. */
  readonly loginBrokers: string[];
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  /** At the same address, with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Brokers of KAFKA_BROKERS, else of one that the first test file to ask starts; undefined where there can be none, which is said. */
export async function sharedKafka(): Promise<TestKafka | undefined> {
  if (process.env.KAFKA_BROKERS) return { brokers: process.env.KAFKA_BROKERS.split(",") };
  const directory = inject("kafkaDirectory");
  return withProcessLock(directory, "start", LOCK_TIMEOUT_MS, async () => {
    const known = await readFile(join(directory, "broker"), "utf8").catch(() => undefined);
    if (known !== undefined) return { brokers: [known] };
    return orSaid(async () => {
      const broker = await startBroker(directory, true);
      await writeFile(join(directory, "pid"), String(broker.child.pid));
      await writeFile(join(directory, "broker"), broker.address);
      broker.child.unref();
      return { brokers: [broker.address] };
    });
  });
}

/** @returns undefined where there can be none, which is said */
export async function privateKafka(login?: Login): Promise<PrivateKafka | undefined> {
  return orSaid(async () => {
    const directory = await mkdtemp(join(tmpdir(), "fanwire-kafka-"));
    let broker = await startBroker(directory, false, login);
    const end = async (): Promise<void> => {
      const { child } = broker;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    };
    return {
      brokers: [broker.address], loginBrokers: [broker.loginAddress].filter((address) => address !== undefined),
      kill9: end,
      async restart() {
        await end();
        broker = await startBroker(directory, false);
      },
      async stop() {
        await end();
        await rm(directory, { recursive: true, force: true });
      },
    };
  });
}

/** Ends the broker that the files of a run shared, if one was started. */
export async function stopSharedKafka(directory: string): Promise<void> {
  const pid = Number(await readFile(join(directory, "pid"), "utf8").catch(() => ""));
  if (pid > 0) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function orSaid<T>(start: () => Promise<T>): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    process.stderr.write(`There is no Kafka for the tests: ${(error as Error).message}\n`);
    return undefined;
  }
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

interface Broker { child: ChildProcess; address: string; loginAddress: string | undefined }

/** On the ports that the folder was first used with. @param lasting it outlives this process */
async function startBroker(directory: string, lasting: boolean, login?: Login): Promise<Broker> {
  const jars = await kafkaJars();
  const settings = join(directory, "server.properties");
  const before = await readFile(settings, "utf8").catch(() => undefined);
  if (before === undefined) {
    await mkdir(directory, { recursive: true });
    await writeFile(settings, properties(directory, await freePort(), await freePort(), login && { ...login, port: await freePort() }));
    const known = login ? ["--add-scram", `SCRAM-SHA-256=[name=${login.username},password=${login.password}]`] : [];
    await run("java", [...JVM, "-cp", `${jars}/*`, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", settings, ...known]);
  }
  const written = await readFile(settings, "utf8");
  const addressOf = (listener: string): string | undefined => new RegExp(`^listeners=.*\\b${listener}://([^,\n]*)`, "m").exec(written)?.[1];
  const address = addressOf("PLAINTEXT") ?? "";
  const output = await open(join(directory, "output"), "a");
  const child = spawn("java", [...JVM, "-cp", `${jars}/*`, "kafka.Kafka", settings], { cwd: directory, detached: lasting, stdio: ["ignore", output.fd, output.fd] });
  await output.close();
  if (!lasting) {
    running.add(child);
    child.once("exit", () => running.delete(child));
  }
  await untilItAnswers(child, address, directory);
  return { child, address, loginAddress: addressOf("SASL_PLAINTEXT") };
}

async function untilItAnswers(child: ChildProcess, address: string, directory: string): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, connectionTimeout: 500, retry: { retries: 0 } }).admin();
  await waitFor(async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Kafka ended: ${(await readFile(join(directory, "output"), "utf8")).slice(-2_000)}`);
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  }, { what: "Kafka to answer", timeoutMs: START_TIMEOUT_MS, intervalMs: 100 });
  await admin.disconnect();
}

function properties(directory: string, port: number, controllerPort: number, login?: Login & { port: number }): string {
  const withLogin = login ? `,SASL_PLAINTEXT://127.0.0.1:${login.port}` : "";
  return Object.entries({
    "process.roles": "broker,controller", "node.id": 1, "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${withLogin}`, "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}${withLogin}`,
    "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT", "log.dirs": join(directory, "data"),
    "num.partitions": 4, "offsets.topic.num.partitions": 1, "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1, "share.coordinator.state.topic.replication.factor": 1,
    // Who was killed is missed soon.
    "broker.session.timeout.ms": 1_000, "broker.heartbeat.interval.ms": 200, "group.min.session.timeout.ms": 500,
    "controller.quorum.election.timeout.ms": 300, "controller.quorum.fetch.timeout.ms": 500, "controller.quorum.election.backoff.max.ms": 200,
    "group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": false,
    ...(login ? loginProperties(login) : {}),
  }).map(([name, value]) => `${name}=${value}\n`).join("");
}

function loginProperties({ username, password }: Login): Record<string, string> {
  const modules = "org.apache.kafka.common.security";
  return {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
    "listener.name.sasl_plaintext.plain.sasl.jaas.config": `${modules}.plain.PlainLoginModule required user_${username}="${password}";`,
    "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": `${modules}.scram.ScramLoginModule required;`,
  };
}

declare module "vitest" {
  interface ProvidedContext {
    /** Where the broker is kept that the files of a run share. */
    kafkaDirectory: string;
  }
}
