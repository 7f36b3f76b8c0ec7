/** Configuration: what wins over what, and that every problem is said at once. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderConfiguration } from "../scripts/configurationDocs.mjs";
import { ConfigError, loadConfig, readRedisUrl } from "../src/config.js";
import { SETTINGS } from "../src/settings.js";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fanwire-config-"));
});

afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(env, cwd);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ where, message }) => `${where} ${message}`);
    throw error;
  }
  return [];
}

test("without anything set there is a default for everything", () => {
  const { secrets, ...config } = loadConfig({}, cwd);
  expect([...secrets()]).toEqual([]);
  expect(config).toEqual({
    secretsFile: undefined, remoteSecrets: false, socketStallMs: 20_000,
    port: 4000, host: "127.0.0.1", dataDir: join(cwd, ".fanwire"), redisUrl: undefined, redisDurability: "everysec", redisReplicas: 1, workerConcurrency: 100, workerQueues: ["default"],
    retentionMs: 604_800_000, feedLength: 1_000_000, httpAllowPrivate: false, logLevel: "info", leaseMs: 30_000, maxLosses: 5, stopGraceMs: 10_000, worker: true, shards: 1, keyPrefix: "fanwire",
    kafkaBrokers: undefined, kafkaPrefix: "fanwire", kafkaTls: false, kafkaSasl: undefined, kafkaUsername: undefined, kafkaPassword: undefined,
    kafkaTenant: "default", kafkaTaskLeaseMs: 600_000,
    maxTasks: 10_000, maxItems: 1_000_000, maxGroupDepth: 16, maxDefinitionBytes: 1_048_576, maxContextValueBytes: 1_048_576, maxTemplateBytes: 1_048_576,
    maxBodyBytes: 10_485_760, maxMessageBytes: 1_048_576, maxDocumentBytes: 100_000, pageDefault: 100, pageMax: 1_000,
  });
});

test("overrides win over the environment, which wins over the file", async () => {
  await writeFile(join(cwd, "fanwire.config.yaml"), "port: 1\nhost: file.test\nlease: 10s\n");
  const config = loadConfig({ PORT: "2", HOST: "env.test" }, cwd, { port: 3, host: undefined });
  expect(config).toMatchObject({ port: 3, host: "env.test", leaseMs: 10_000 });
});

test("an empty variable counts as absent", () => {
  expect(loadConfig({ PORT: "", REDIS_URL: " " }, cwd)).toMatchObject({ port: 4000, redisUrl: undefined });
});

test("the configuration cannot be changed", () => {
  expect(Object.isFrozen(loadConfig({}, cwd))).toBe(true);
});

test.each([["fanwire.config.json", '{"worker": false, "shards": 4}'], ["fanwire.config.yaml", "worker: false\nshards: 4\n"]])("%s is read", async (name, text) => {
  await writeFile(join(cwd, name), text);
  expect(loadConfig({}, cwd)).toMatchObject({ worker: false, shards: 4 });
});

test("FANWIRE_CONFIG names the file, whose relative data folder starts at the file", async () => {
  await writeFile(join(cwd, "other.yaml"), "dataDir: here\n");
  expect(loadConfig({ FANWIRE_CONFIG: join(cwd, "other.yaml") }, "/elsewhere").dataDir).toBe(join(cwd, "here"));
  expect(loadConfig({ FANWIRE_CONFIG: join(cwd, "other.yaml"), DATA_DIR: "there" }, "/elsewhere").dataDir).toBe("/elsewhere/there");
});

test("every problem is found at once, with its place", async () => {
  await writeFile(join(cwd, "fanwire.config.yaml"), "shards: many\nDATA_DIR: x\nretenton: 3d\n");
  expect(problemsOf({ PORT: "70000", LEASE: "30", WORKER: "yes", FANWIRE_PORT: "1", FANWIRE_LOGLEVEL: "info", KEY_PREFIX: "a{b}" })).toEqual([
    "FANWIRE_LOGLEVEL is no setting; did you mean LOG_LEVEL?",
    "FANWIRE_PORT is no setting; did you mean PORT?",
    `${join(cwd, "fanwire.config.yaml")}: DATA_DIR is no setting; did you mean dataDir?`,
    `${join(cwd, "fanwire.config.yaml")}: retenton is no setting; did you mean retention?`,
    'PORT must be an integer from 0 to 65535, not "70000"',
    'LEASE must be a duration with its unit, such as 500ms, 30s, 15m, 12h or 7d, not "30"',
    'WORKER must be true or false, not "yes"',
    `${join(cwd, "fanwire.config.yaml")}: shards must be an integer from 1 to 4096, not "many"`,
    `KEY_PREFIX must be 1 to 32 letters, digits, '_' and '-', not "a{b}"`,
  ]);
});

test.each([
  ["PORT", "-1"], ["PORT", "80.5"], ["PORT", "0x50"], ["HOST", "a b"], ["LEASE", "10ms"], ["LEASE", "2h"], ["RETENTION", "0s"], ["SHARDS", "0"],
  ["WORKER_CONCURRENCY", "0"], ["LOG_LEVEL", "loud"], ["HTTP_ALLOW_PRIVATE", "1"], ["REDIS_URL", "localhost:6379"], ["REDIS_URL", "http://localhost"],
  ["REDIS_DURABILITY", "no"], ["KEY_PREFIX", "x:y"],
])("%s=%s is refused", (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))]);
});

test("replicated durability needs a Redis that may have replicas", () => {
  expect(problemsOf({ REDIS_DURABILITY: "replicated" })[0]).toContain("only with a REDIS_URL");
  expect(loadConfig({ REDIS_DURABILITY: "replicated", REDIS_URL: "redis://host" }, cwd)).toMatchObject({ redisDurability: "replicated", redisReplicas: 1 });
});

test.each([
  ["redis://a:1,b:2", "redis+cluster://"], ["redis+cluster://", "host:port"], ["redis+cluster://a:1,", "host:port"], ["redis+cluster://a:70000", "host:port"],
  ["redis+cluster://a:1/0", "one database"], ["redis+cluster://hunter2@a:1", "user:password"], ["redis+cluster://u:%zz@a", "user:password"],
  ["redis+sentinel://a:1", "name the primary"], ["redis+sentinel://a:1/p/x", "name the primary"], ["redis+sentinel://a:1/p?password=hunter2", "no options but"],
])("REDIS_URL=%s is refused with what is wrong", (url, message) => {
  const [found] = problemsOf({ REDIS_URL: url });
  expect(found).toMatch(/^REDIS_URL (must|may) /);
  expect(found).toContain(message);
  expect(found).not.toContain("hunter2");
});

test("REDIS_URL names a server, nodes of a cluster, or sentinels", () => {
  const place = (url: string): unknown => (readRedisUrl(url) as { place: unknown }).place;
  expect(place("rediss://u:p@host:6380/1")).toEqual({ kind: "server", url: "rediss://u:p@host:6380/1" });
  expect(place("redis+cluster://a:7000,b")).toEqual({ kind: "cluster", nodes: [{ host: "a", port: 7_000 }, { host: "b", port: 6_379 }], tls: false });
  expect(place("rediss+cluster://:s%40t@[::1]:7000")).toEqual({ kind: "cluster", nodes: [{ host: "::1", port: 7_000 }], password: "s@t", tls: true });
  expect(place("redis+sentinel://u:p@a,b:26380/main/2?sentinelPassword=q")).toEqual({
    kind: "sentinel", sentinels: [{ host: "a", port: 26_379 }, { host: "b", port: 26_380 }], primary: "main", db: 2, username: "u", password: "p", sentinelPassword: "q", tls: false,
  });
});

test("a cluster has 64 shards unless SHARDS says otherwise", () => {
  expect(loadConfig({ REDIS_URL: "redis+cluster://a,b" }, cwd).shards).toBe(64);
  expect(loadConfig({ REDIS_URL: "redis+cluster://a,b", SHARDS: "7" }, cwd).shards).toBe(7);
});

test("a password in a wrong URL is not repeated", async () => {
  expect(problemsOf({ REDIS_URL: "http://user:hunter2@host" }).join()).not.toContain("hunter2");
  await writeFile(join(cwd, "fanwire.config.yaml"), "redisUrl: 'redis://user:hunter2@host\nport: 1");
  const [broken] = problemsOf({});
  expect(broken).toContain("cannot be read");
  expect(broken).not.toContain("hunter2");
});

test.each([["- a list", "must hold settings by name"], ["{", "cannot be read"]])("a file that holds %s is a problem", async (text, message) => {
  await writeFile(join(cwd, "fanwire.config.yaml"), text);
  expect(problemsOf({})[0]).toContain(message);
});

test("a named file that does not exist is a problem, and so are two files side by side", async () => {
  expect(problemsOf({ FANWIRE_CONFIG: "missing.yaml" })[0]).toContain("ENOENT");
  await writeFile(join(cwd, "fanwire.config.yaml"), "");
  await writeFile(join(cwd, "fanwire.config.json"), "{}");
  expect(problemsOf({})[0]).toContain("side by side");
});

test("every default is a value that the setting itself accepts", () => {
  for (const { name, defaultText, parse } of SETTINGS) if (defaultText !== undefined) expect(parse(defaultText), name).toHaveProperty("value");
});

test("docs/configuration.md is what the settings say", async () => {
  expect(await readFile(new URL("../docs/configuration.md", import.meta.url), "utf8")).toBe(renderConfiguration(SETTINGS));
});

test("secrets come from variables and a file, are shown by nothing that prints the configuration, and no problem repeats them", async () => {
  await writeFile(join(cwd, "secrets.yaml"), "API_KEY: from-the-file\nOTHER: other-secret\n");
  await writeFile(join(cwd, "fanwire.config.yaml"), "secretsFile: secrets.yaml\n");
  const config = loadConfig({ FANWIRE_SECRET_API_KEY: " from-the-variable\n" }, cwd);
  expect([...config.secrets()]).toEqual([["API_KEY", "from-the-variable"], ["OTHER", "other-secret"]]);
  expect(`${JSON.stringify(config)}${inspect(config, { depth: 9, showHidden: true })}`).not.toMatch(/from-the-variable|other-secret/);
  await writeFile(join(cwd, "secrets.yaml"), "lower: hidden-1\nNUMBER: 12345678\nSHORT: abc\n");
  expect(problemsOf({ FANWIRE_SECRET_bad: "hidden-2" })).toEqual([
    `${join(cwd, "secrets.yaml")}: lower is no name of a secret: those have capitals, digits and _, and begin with a letter`,
    `${join(cwd, "secrets.yaml")}: NUMBER must be a text; write it in quotes`,
    `${join(cwd, "secrets.yaml")}: SHORT must have at least 4 characters`,
    "FANWIRE_SECRET_bad is no name of a secret: those have capitals, digits and _, and begin with a letter",
  ]);
  await writeFile(join(cwd, "secrets.yaml"), "A: 'hidden-3\n");
  expect(problemsOf({})).toEqual([`${join(cwd, "secrets.yaml")} must hold secrets by name, such as API_KEY: "..."`]);
});
