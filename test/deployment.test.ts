/** The files for containers say what the product needs to keep its promises. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { SETTINGS } from "../src/settings.js";

interface Service {
  command: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { disable?: boolean; test?: string[] };
  deploy?: { replicas: number };
  image?: string;
  ports?: string[];
  volumes?: string[];
}

function read(name: string): string {
  return readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
}

const { services, volumes } = parse(read("docker-compose.yml")) as { services: Record<string, Service>; volumes: Record<string, unknown> };

test("compose: Redis keeps its data and drops nothing", () => {
  const options = services.redis?.command.join(" ");
  expect(options).toContain("--appendonly yes");
  expect(options).toContain("--maxmemory-policy noeviction");
  expect(options).toContain("--hash-max-listpack-entries 64");
});

test("compose: what keeps data has a volume of its own and says whether it is healthy", () => {
  for (const name of ["redis", "kafka"]) expect(services[name]?.healthcheck?.test).toBeTruthy();
  expect(["redis", "kafka"].flatMap((name) => services[name]?.volumes ?? []).map((volume) => volume.split(":")[0])).toEqual(Object.keys(volumes));
});

test("compose: Kafka is its own controller, at the address that servers and workers are given", () => {
  const { KAFKA_PROCESS_ROLES: roles, KAFKA_ADVERTISED_LISTENERS: advertised, KAFKA_LOG_DIRS: data } = services.kafka?.environment ?? {};
  expect(roles).toBe("broker,controller");
  expect(advertised).toBe(`PLAINTEXT://${services.server?.environment?.KAFKA_BROKERS}`);
  expect(services.kafka?.volumes).toEqual([`kafka-data:${data}`]);
});

test("compose: two servers and three workers, told nothing but settings that there are", () => {
  expect([services.server?.deploy?.replicas, services.worker?.deploy?.replicas]).toEqual([2, 3]);
  const known = SETTINGS.map(({ name }) => name);
  for (const name of ["server", "worker"]) for (const variable of Object.keys(services[name]?.environment ?? {})) expect(known).toContain(variable);
  // As many ports as there are servers.
  const [, from, to] = /:(\d+)-(\d+):4000$/.exec(services.server?.ports?.[0] ?? "") ?? [];
  expect(Number(to) - Number(from) + 1).toBe(services.server?.deploy?.replicas);
});

test("compose: the server answers, workers work, and both wait for the same Redis", () => {
  expect(services.server?.command).toEqual(["serve", "--no-worker"]);
  expect(services.worker?.command).toEqual(["worker"]);
  for (const name of ["server", "worker"]) {
    expect(services[name]?.environment?.REDIS_URL).toBe("redis://redis:6379");
    expect(services[name]?.depends_on?.redis).toEqual({ condition: "service_healthy" });
  }
  expect(services.worker?.image).toBe(services.server?.image);
  expect(services.worker?.healthcheck?.disable).toBe(true);
});

test("compose: the server is published to this machine only", () => {
  expect(services.server?.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
});

test("the image runs as an ordinary user, with the command of package.json, and says whether it is healthy", () => {
  const dockerfile = read("Dockerfile");
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const bin = (JSON.parse(read("package.json")) as { bin: { fanwire: string } }).bin.fanwire;
  expect(last).toMatch(/^USER node$/m);
  expect(last).toContain("/healthz");
  expect(last).toContain(`ENTRYPOINT ["node", "${bin}"]`);
});
