/** The one table of settings: what each is called, what it means, and how its text becomes a value. */

import { duration, flag, hidden, integer, isClusterUrl, kafkaBrokers, oneOf, queueNames, redisUrl, sizeUpTo, text, type Parsed } from "./settings/parsers.js";
import { MAX_DURATION_MS } from "./workflow/duration.js";
import { DEFAULT_QUEUE } from "./workflow/queueName.js";

export interface Config {
  /** TCP port of the server; 0 lets the system choose one. */
  readonly port: number;
  readonly host: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** Absent: the server starts its own Redis. */
  readonly redisUrl: string | undefined;
  readonly redisDurability: "everysec" | "always" | "replicated";
  /** How many replicas have what was accepted, when redisDurability is replicated. */
  readonly redisReplicas: number;
  readonly workerConcurrency: number;
  /** Queues whose tasks the worker of this process runs. */
  readonly workerQueues: readonly string[];
  readonly retentionMs: number;
  /** About how many steps the feed of a shard keeps. */
  readonly feedLength: number;
  readonly httpAllowPrivate: boolean;
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  readonly leaseMs: number;
  /** After so many lost workers a task is POISON. */
  readonly maxLosses: number;
  /** How long a process that stops lets its attempts run on before it hands them back. */
  readonly stopGraceMs: number;
  /** Whether the server runs tasks itself. */
  readonly worker: boolean;
  readonly shards: number;
  /** Prefix of every Redis key. */
  readonly keyPrefix: string;
  /** Absolute path; absent: no file. */
  readonly secretsFile: string | undefined;
  readonly remoteSecrets: boolean;
  readonly socketStallMs: number;
  /** `host:port` each; absent: no Kafka. */
  readonly kafkaBrokers: readonly string[] | undefined;
  /** Begins the names of the topics of events and commands. */
  readonly kafkaPrefix: string;
  readonly kafkaTls: boolean;
  readonly kafkaSasl: "plain" | "scram-sha-256" | "scram-sha-512" | undefined;
  readonly kafkaUsername: string | undefined;
  /** A function, so that nothing that prints settings prints it. */
  readonly kafkaPassword: (() => string) | undefined;
  /** On whose behalf commands from Kafka run. */
  readonly kafkaTenant: string;
  /** How long a task that was produced to a topic may be silent. */
  readonly kafkaTaskLeaseMs: number;
  /** The limits of definitions, values and requests, see workflow/limits.ts. */
  readonly maxTasks: number;
  readonly maxItems: number;
  readonly maxGroupDepth: number;
  readonly maxDefinitionBytes: number;
  readonly maxContextValueBytes: number;
  readonly maxTemplateBytes: number;
  readonly maxBodyBytes: number;
  readonly maxMessageBytes: number;
  readonly maxDocumentBytes: number;
  readonly pageDefault: number;
  readonly pageMax: number;
  /** The secrets of FANWIRE_SECRET_<NAME> and of the file by name: a function, so that nothing that prints settings prints them. */
  readonly secrets: () => ReadonlyMap<string, string>;
}

export interface Setting<K extends keyof Config = keyof Config> {
  readonly field: K;
  /** The environment variable. */
  readonly name: string;
  /** The key in the file: the variable's name in camelCase. */
  readonly fileKey: string;
  /** For the documentation. */
  readonly type: string;
  /** As it would be written; absent: no value. */
  readonly defaultText?: string;
  readonly description: string;
  /** The default where others of the settings before it decide; undefined: as in defaultText. */
  readonly defaultOf?: (values: Partial<Config>) => Config[K] | undefined;
  /** A value that no message may repeat. */
  readonly secret?: boolean;
  /** `input` is text from the environment, or any value from the file. */
  readonly parse: (input: unknown) => Parsed<Config[K]>;
}

type Details<K extends keyof Config> = Omit<Setting<K>, "field" | "name" | "fileKey">;

function setting<K extends keyof Config>(field: K, name: string, details: Details<K>): Setting {
  const fileKey = name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  // The table is read field by field, so the narrow type of each row is not needed after this point.
  return { field, name, fileKey, ...details } as unknown as Setting;
}

export const SETTINGS: readonly Setting[] = [
  setting("port", "PORT", {
    type: "integer 0 to 65535", defaultText: "4000", parse: integer(0, 65_535),
    description: "TCP port of the server. 0 lets the system choose one.",
  }),
  setting("host", "HOST", {
    type: "host name or address", defaultText: "127.0.0.1", parse: text(/^[A-Za-z0-9._:%[\]-]{1,255}$/, "a host name or an IP address"),
    description: "Address that the server listens on. The default can be reached from this machine only; 0.0.0.0 means every network.",
  }),
  setting("dataDir", "DATA_DIR", {
    type: "path", defaultText: ".fanwire", parse: text(/^[^\0]+$/, "a path"),
    description: "Folder of the embedded Redis. A relative path starts at the working directory, or, in the file, at the file's folder.",
  }),
  setting("redisUrl", "REDIS_URL", {
    type: "redis://, rediss://, redis+cluster:// or redis+sentinel:// URL", secret: true, parse: redisUrl,
    description: "A Redis 7 or later to use. Without it the server starts one of its own, with its data in DATA_DIR. A cluster is named by some of its nodes, `redis+cluster://user:password@a:6379,b:6379`; a primary by its sentinels, `redis+sentinel://user:password@a:26379,b:26379/<name of the primary>/<database>?sentinelPassword=...`; `rediss+...` uses TLS.",
  }),
  setting("redisDurability", "REDIS_DURABILITY", {
    type: "everysec, always, replicated", defaultText: "everysec", parse: oneOf(["everysec", "always", "replicated"]),
    description: "When a write counts as accepted. The embedded Redis syncs to disk as it says: everysec can lose up to 2 s of accepted writes in a crash, always loses none and is slower; how another Redis does is its own setting. replicated, for another Redis: when REDIS_REPLICAS of its replicas have it, too.",
  }),
  setting("redisReplicas", "REDIS_REPLICAS", {
    type: "integer 1 to 10", defaultText: "1", parse: integer(1, 10),
    description: "With REDIS_DURABILITY=replicated: how many replicas must have a write before it is answered, or shown to subscribers. With fewer at hand the server takes no new work.",
  }),
  setting("workerConcurrency", "WORKER_CONCURRENCY", {
    type: "integer 1 to 10000", defaultText: "100", parse: integer(1, 10_000),
    description: "How many attempts one worker process runs at the same time.",
  }),
  setting("workerQueues", "WORKER_QUEUES", {
    type: "names, separated by commas", defaultText: DEFAULT_QUEUE, parse: queueNames,
    description: "The queues whose tasks a worker process runs. Tasks of other queues wait for workers that name them.",
  }),
  setting("retentionMs", "RETENTION", {
    type: "duration 1s to 3650d", defaultText: "7d", parse: duration(1_000, MAX_DURATION_MS),
    description: "How long an ended workflow, its results and its events are kept.",
  }),
  setting("feedLength", "FEED_LENGTH", {
    type: "integer 1000 to 100000000", defaultText: "1000000", parse: integer(1_000, 100_000_000),
    description: "About how many steps of its workflows together each shard keeps in the order in which they happened, for subscriptions to many workflows that come back. Older ones go, and those older than RETENTION.",
  }),
  setting("httpAllowPrivate", "HTTP_ALLOW_PRIVATE", {
    type: "true, false", defaultText: "false", parse: flag,
    description: "Whether the http handler may connect to private, loopback and link-local addresses.",
  }),
  setting("logLevel", "LOG_LEVEL", {
    type: "fatal, error, warn, info, debug, trace, silent", defaultText: "info",
    parse: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
    description: "The least serious kind of line that is logged.",
  }),
  setting("leaseMs", "LEASE", {
    type: "duration 1s to 1h", defaultText: "30s", parse: duration(1_000, 3_600_000),
    description: "How long a worker may be silent before its attempts are given to another. It sends a heartbeat three times in that time.",
  }),
  setting("maxLosses", "MAX_LOSSES", {
    type: "integer 2 to 1000", defaultText: "5", parse: integer(2, 1_000),
    description: "How many workers a task or an item may lose, each in the middle of the same attempt, before it fails with POISON.",
  }),
  setting("stopGraceMs", "STOP_GRACE", {
    type: "duration 0s to 1h", defaultText: "10s", parse: duration(0, 3_600_000),
    description: "How long a process that was told to stop lets its attempts run on. What has not ended by then is aborted and handed back, and other workers take it at once.",
  }),
  setting("worker", "WORKER", {
    type: "true, false", defaultText: "true", parse: flag,
    description: "Whether the server runs tasks itself. false leaves them to processes started with `fanwire worker`.",
  }),
  setting("shards", "SHARDS", {
    type: "integer 1 to 4096", defaultText: "1", parse: integer(1, 4_096), defaultOf: ({ redisUrl }) => (isClusterUrl(redisUrl) ? 64 : undefined),
    description: "Into how many hash slots workflows are divided. Fixed for a deployment's life; more than 1 pays on a Redis Cluster, where 64 is the default.",
  }),
  setting("keyPrefix", "KEY_PREFIX", {
    type: "1 to 32 letters, digits, _ and -", defaultText: "fanwire", parse: text(/^[A-Za-z0-9_-]{1,32}$/, "1 to 32 letters, digits, '_' and '-'"),
    description: "Prefix of every Redis key, so that several deployments can share a Redis.",
  }),
  setting("secretsFile", "SECRETS_FILE", {
    type: "path", parse: text(/^[^\0]+$/, "a path"),
    description: "YAML or JSON file of secrets by name, for `$secret(\"NAME\")`. Single ones may be given as `FANWIRE_SECRET_<NAME>`, which win over the file.",
  }),
  setting("socketStallMs", "SOCKET_STALL", {
    type: "duration 1s to 1h", defaultText: "20s", parse: duration(1_000, 3_600_000),
    description: "How long a subscriber may take nothing of what waits for it. Then its socket is closed with 1013: connect again and go on behind the last cursor.",
  }),
  setting("remoteSecrets", "REMOTE_SECRETS", {
    type: "true, false", defaultText: "false", parse: flag,
    description: "Whether remote workers (claimTasks, taskOffers) get inputs that hold secrets. false fails such tasks with SECRET_REMOTE.",
  }),
  setting("kafkaBrokers", "KAFKA_BROKERS", {
    type: "host:port, separated by commas", parse: kafkaBrokers,
    description: "Kafka brokers to begin with. Without them nothing goes to Kafka and nothing comes from there.",
  }),
  setting("kafkaPrefix", "KAFKA_PREFIX", {
    type: "1 to 100 letters, digits and . _ -", defaultText: "fanwire", parse: text(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, "1 to 100 letters, digits, '.', '_' and '-'"),
    description: "Begins the names of the topics: `<prefix>.events`, `<prefix>.commands`, `<prefix>.command-results`, `<prefix>.commands.dlq`.",
  }),
  setting("kafkaTls", "KAFKA_TLS", {
    type: "true, false", defaultText: "false", parse: flag,
    description: "Whether connections to the brokers use TLS. Certificates are checked against the system's, and those of NODE_EXTRA_CA_CERTS.",
  }),
  setting("kafkaSasl", "KAFKA_SASL", {
    type: "plain, scram-sha-256, scram-sha-512", parse: oneOf(["plain", "scram-sha-256", "scram-sha-512"]),
    description: "How to log in at the brokers with KAFKA_USERNAME and KAFKA_PASSWORD. Without it there is no login.",
  }),
  setting("kafkaUsername", "KAFKA_USERNAME", {
    type: "text", parse: text(/^[^\0]+$/, "a name"),
    description: "User name for KAFKA_SASL.",
  }),
  setting("kafkaPassword", "KAFKA_PASSWORD", {
    type: "text", secret: true, parse: hidden,
    description: "Password for KAFKA_SASL.",
  }),
  setting("kafkaTenant", "KAFKA_TENANT", {
    type: "1 to 64 letters, digits, _ and -", defaultText: "default", parse: text(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, '_' and '-'"),
    description: "The tenant on whose behalf commands from Kafka run. Who may write to the topic of commands is for Kafka's own rights to say.",
  }),
  setting("kafkaTaskLeaseMs", "KAFKA_TASK_LEASE", {
    type: "duration 1s to 1h", defaultText: "10m", parse: duration(1_000, 3_600_000),
    description: "How long a task that was produced to a topic may be silent before it is produced again. `heartbeatTasks` extends it.",
  }),
  count("maxTasks", "MAX_TASKS", 10_000, 20_000, "Tasks that a workflow may declare."),
  count("maxItems", "MAX_ITEMS", 1_000_000, 1_000_000, "Items that an expansion may have."),
  count("maxGroupDepth", "MAX_GROUP_DEPTH", 16, 64, "Levels of groups in groups; a top group is 1."),
  size("maxDefinitionBytes", "MAX_DEFINITION", "1MiB", "64MiB", "Size of a definition as JSON."),
  size("maxContextValueBytes", "MAX_CONTEXT_VALUE", "1MiB", "64MiB", "Size of a value as JSON: of a key of the context, a result, a payload."),
  size("maxTemplateBytes", "MAX_TEMPLATE_OUTPUT", "1MiB", "64MiB", "Size of what one template gives, as JSON."),
  size("maxBodyBytes", "MAX_BODY", "10MiB", "256MiB", "Size of an HTTP request's body, and of a command from Kafka."),
  size("maxMessageBytes", "MAX_MESSAGE", "1MiB", "64MiB", "Size of a WebSocket message, and of an operation for a stream that carries several."),
  size("maxDocumentBytes", "MAX_DOCUMENT", "100000", "10MiB", "Size of a GraphQL document, without its variables."),
  count("pageDefault", "PAGE_DEFAULT", 100, 10_000, "Entries of a page when a query does not say how many."),
  count("pageMax", "PAGE_MAX", 1_000, 10_000, "Entries of a page at most: who asks for more gets as many."),
];

function count<K extends keyof Config>(field: K, name: string, byDefault: number, most: number, description: string): Setting {
  return setting(field, name, { type: `integer 1 to ${most}`, defaultText: String(byDefault), parse: integer(1, most) as Setting<K>["parse"], description });
}

function size<K extends keyof Config>(field: K, name: string, byDefault: string, most: string, description: string): Setting {
  return setting(field, name, { type: `size 1KiB to ${most}`, defaultText: byDefault, parse: sizeUpTo(most) as Setting<K>["parse"], description });
}
