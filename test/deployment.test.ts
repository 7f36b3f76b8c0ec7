/** The files for containers say what the product needs to keep its promises. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Service {
  command: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { disable?: boolean };
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
  expect(services.redis?.volumes?.map((volume) => volume.split(":")[0])).toEqual(Object.keys(volumes));
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
