/** What a process can tell of itself in numbers, in Prometheus' text format: what it knows anyway, and one small read per shard. */

import { performance } from "node:perf_hooks";
import type { Fleet, QueueState } from "../engine/Fleet.js";
import type { KafkaState } from "../events/kafka/KafkaBridge.js";

/** Prometheus' text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Answers within this time are the same one: scraping costs Redis no more, however often it is done. */
const KEPT_MS = 1_000;
/** What the store has not told by then is left out. */
const STORE_TIMEOUT_MS = 2_000;

/** A number, or several that differ in their labels. */
export interface Metric {
  name: string;
  help: string;
  type: "gauge" | "counter";
  values: readonly { value: number; labels?: Readonly<Record<string, string | number>> }[];
}

export interface MetricSources {
  version: string;
  /** When the process started; epoch milliseconds. */
  startedMs: number;
  fleet: Pick<Fleet, "queuesByShard">;
  /** Undefined without brokers. */
  kafka(): Promise<KafkaState | undefined>;
  /** How many there are now. */
  connections(): { sockets: number; streams: number; reservedStreams: number; subscriptions: number; executions: number };
}

/** @returns gives the text; never rejects: without the store it has what the process knows */
export function createMetrics(sources: MetricSources): () => Promise<string> {
  let known: { text: Promise<string>; sinceMs: number } | undefined;
  return () => {
    if (!known || performance.now() - known.sinceMs >= KEPT_MS) known = { text: read(sources), sinceMs: performance.now() };
    return known.text;
  };
}

async function read(sources: MetricSources): Promise<string> {
  const [queues, kafka] = await Promise.all([inTime(sources.fleet.queuesByShard()), inTime(sources.kafka())]);
  return metricsText([...ofProcess(sources), ...ofConnections(sources), gauge("fanwire_redis_up", "Whether Redis answers: 1 or 0.", Number(queues !== undefined)), ...ofQueues(queues ?? []), ...(kafka ? ofKafka(kafka) : [])]);
}

/** One `HELP` and `TYPE` each, then its values. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.filter(({ values }) => values.length > 0).map(({ name, help, type, values }) =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${values.map(({ value, labels }) => `${name}${labelsText(labels)} ${value}\n`).join("")}`).join("");
}

function labelsText(labels: Readonly<Record<string, string | number>> = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${String(value).replace(/["\\\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function gauge(name: string, help: string, ...values: (number | Metric["values"][number])[]): Metric {
  return { name, help, type: "gauge", values: values.map((value) => (typeof value === "number" ? { value } : value)) };
}

function counter(name: string, help: string, ...values: (number | Metric["values"][number])[]): Metric {
  return { ...gauge(name, help, ...values), type: "counter" };
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(resolve, STORE_TIMEOUT_MS, undefined); });
  return Promise.race([answer, late]).catch(() => undefined).finally(() => clearTimeout(timer));
}

function ofProcess({ version, startedMs }: MetricSources): Metric[] {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    gauge("fanwire_info", "Always 1; the label tells the version.", { value: 1, labels: { version } }),
    gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", startedMs / 1_000),
    gauge("process_resident_memory_bytes", "Memory of the process.", rss),
    counter("process_cpu_seconds_total", "Time on processors that the process has used.", (user + system) / 1e6),
    gauge("nodejs_heap_size_used_bytes", "JavaScript objects.", heapUsed),
    gauge("nodejs_external_memory_bytes", "Buffers and the like outside the JavaScript heap.", external),
    counter("nodejs_eventloop_active_seconds_total", "Time in which the event loop did not wait for anything.", performance.eventLoopUtilization().active / 1_000),
  ];
}

function ofConnections({ connections }: MetricSources): Metric[] {
  const { sockets, streams, reservedStreams, subscriptions, executions } = connections();
  return [
    gauge("fanwire_websockets", "WebSockets that are open.", sockets),
    gauge("fanwire_event_streams", "Streams of server-sent events that are open.", streams),
    gauge("fanwire_event_streams_reserved", "Streams of server-sent events that are reserved and not yet opened.", reservedStreams),
    gauge("fanwire_subscriptions", "Subscriptions that run, over all of these.", subscriptions),
    gauge("fanwire_subscription_executions", "Executions that they share: equal subscriptions have one.", executions),
  ];
}

function ofQueues(shards: readonly QueueState[][]): Metric[] {
  const each = (value: (queue: QueueState) => number): Metric["values"] =>
    shards.flatMap((queues, shard) => queues.map((queue) => ({ value: value(queue), labels: { shard, queue: queue.name } })));
  return [
    gauge("fanwire_ready", "Tasks and items that could run now.", ...each(({ ready }) => ready)),
    gauge("fanwire_running", "Tasks and items that run.", ...each(({ running }) => running)),
    gauge("fanwire_delayed", "Tasks and items that wait for a time: retries and delays.", ...each(({ delayed }) => delayed)),
    gauge("fanwire_oldest_ready_seconds", "How long the oldest ready one waits; 0 when there is none.", ...each(({ oldestReadyMs }) => (oldestReadyMs === undefined ? 0 : Math.max(0, Date.now() - oldestReadyMs) / 1_000))),
  ];
}

function ofKafka({ unreachableSinceMs, relays, commands }: KafkaState): Metric[] {
  const each = (value: (relay: KafkaState["relays"][number]) => number): Metric["values"] => relays.map((relay, shard) => ({ value: value(relay), labels: { shard } }));
  return [
    gauge("fanwire_kafka_up", "Whether the brokers answer: 1 or 0.", Number(unreachableSinceMs === undefined)),
    gauge("fanwire_kafka_relay_lag", "Recorded steps that are kept and that Kafka has not got.", ...each(({ lag }) => lag)),
    gauge("fanwire_kafka_relay_lag_seconds", "How long the oldest step that Kafka has not got has been recorded.", ...each(({ lagMs }) => lagMs / 1_000)),
    gauge("fanwire_kafka_relaying", "Whether this process carries the shard's events to Kafka: 1 or 0; of all servers one does.", ...each(({ here }) => Number(here))),
    counter("fanwire_kafka_events_sent_total", "Events that Kafka has got from this process.", ...each(({ sent }) => sent)),
    counter("fanwire_kafka_commands_consumed_total", "Messages taken from the topic of commands.", commands.consumed),
    counter("fanwire_kafka_commands_carried_out_total", "Commands that were carried out, whatever came of it.", commands.carriedOut),
    counter("fanwire_kafka_commands_repeated_total", "Commands that had been carried out before and were answered again.", commands.repeated),
    counter("fanwire_kafka_commands_failed_total", "Tries to carry out or to answer commands that failed and were made again.", commands.failedTries),
    counter("fanwire_kafka_dead_letters_total", "Messages that were set aside.", commands.deadLetters),
  ];
}
