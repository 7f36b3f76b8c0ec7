/** Secrets reach handlers, and nothing else: not Redis, not an event, not the API, not the log, whatever a handler does with them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FanwireError } from "../../src/errors.js";
import type { Handler } from "../../src/engine/handlers.js";
import { CompleteLater } from "../../src/engine/handlers.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestServer, type TestServer } from "../support/testNode.js";
import { RemoteWorker, workflowOf } from "../api/remoteWorker.js";
import { data } from "../api/graphqlClient.js";
import { codes, start, taskBecomes, taskIn } from "./control/support.js";

const CANARY = 'c4n"ary /+=\né-value';
const PIN = "40415926535";
const FORMS = [CANARY, JSON.stringify(CANARY).slice(1, -1), encodeURIComponent(CANARY), Buffer.from(CANARY).toString("base64"), Buffer.from(CANARY).toString("hex"), PIN];
const secrets = (): ReadonlyMap<string, string> => new Map([["CANARY", CANARY], ["PIN", PIN]]);

const seen: JsonValue[] = [];
/** Says what it was given wherever it can, in the form it is asked to. */
const leaky: Handler = {
  name: "leaky", description: "", builtIn: false,
  run({ input, progress, log }) {
    const { secret, way } = input as { secret: string; way: string };
    seen.push(secret);
    progress(50, `at ${secret}`, { [secret]: [secret] });
    log(`using ${secret}`, { nested: { secret } });
    switch (way) {
      case "throw": throw new Error(`refused: ${secret}`);
      case "code": throw new FanwireError(`BAD_${secret}`, "refused", { retryable: false, details: { request: { header: `Bearer ${secret}` } } });
      case "later": return new CompleteLater(5, { secret });
      case "number": return { n: Number(PIN), list: [Number(PIN) * 1] };
      case "shifted": return [0, 1, 2].map((shift) => Buffer.from(`${"x".repeat(shift)}${secret}tail`).toString("base64"));
      default: return Promise.resolve({ plain: secret, [secret]: "key", inside: `<${secret}>`, json: JSON.stringify({ secret }), url: `https://h/?k=${encodeURIComponent(secret)}`, hex: Buffer.from(secret).toString("hex") });
    }
  },
};

const lines: string[] = [];
const note = (fields: object, message: string): void => { lines.push(JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? { message: value.message, stack: value.stack } : value)) + message); };
const log = { debug: note, info: note, warn: note, error: note };

let server: TestServer;
beforeAll(async () => { server = await startTestServer({ handlers: [leaky], log, config: { secrets } }); });
afterAll(() => server.stop());

const leaking = (way: string, parts: Partial<TaskDefinition> = {}): Partial<TaskDefinition> => ({ handler: "leaky", input: { secret: '{{ $secret("CANARY") }}', way }, ...parts });

/** Everything that this test's Redis keys hold, as text. */
async function everythingStored(): Promise<string> {
  const { redis } = server.node;
  const parts: string[] = [];
  for (const key of await redis.keys(`${server.config.keyPrefix}:*`)) {
    const kind = await redis.type(key);
    const value = kind === "hash" ? await redis.hgetall(key) : kind === "list" ? await redis.lrange(key, 0, -1) : kind === "set" ? await redis.smembers(key)
      : kind === "zset" ? await redis.zrange(key, 0, -1) : kind === "stream" ? await redis.xrange(key, "-", "+") : await redis.get(key);
    parts.push(key, ...texts(value));
  }
  return parts.join("\n");
}

function texts(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, part]) => [key, ...texts(part)]);
}

/** Of shown JSON also what its strings say when they are read. */
function expectClean(text: string, what: string): void {
  for (const form of FORMS) expect(text.includes(form), `${what} holds ${JSON.stringify(form)}`).toBe(false);
}

const API = `query($id: ID!) { workflow(id: $id) { context error { code message details } definition { document } events(first: 500) { nodes { __typename
  ... on TaskEvent { task item result error { code message details } progress { message data } } ... on WorkflowStatusEvent { error { message } } } }
  tasks { nodes { name input result error { code message details } progress { message data } attempts { error { code message } } items { nodes { result error { message } } } } } } }`;

test("a handler gets the value, and nobody else, by none of the ways that lead out of an attempt", async () => {
  seen.length = 0;
  const id = await start(server.node, { definition: oneGroup(
    task("plain", leaking("return")), task("later", leaking("later")), task("shifted", leaking("shifted")), task("number", leaking("number", { input: { secret: '{{ $secret("PIN") }}', way: "number" } })),
    task("thrown", leaking("throw", { onFailure: "IGNORE", retry: retry({ maxAttempts: 2, initialDelayMs: 1 }) })),
    task("coded", leaking("code", { onFailure: "FALLBACK", fallback: "{{ $error }}" })),
    task("template", { onFailure: "IGNORE", input: '{{ $error("bad " & $secret("CANARY")) }}' }),
    task("cast", { onFailure: "IGNORE", input: '{{ $number($secret("CANARY")) }}' }),
    task("items", leaking("return", { expansion: expansion({ array: { v: [1, 2, 3] } }) })),
    task("failing", leaking("throw", { expansion: expansion({ array: { v: [1, 2] }, toleratedFailures: 2, onItemFailure: "ERROR" }) })),
    task("prompt", { handler: "approval", input: { prompt: 'Use {{ $secret("CANARY") }}?', timeout: "10ms", default: "APPROVE" } }),
    task("echo", { handler: "transform", input: { expression: "$", data: 'user:{{ $base64encode("u:" & $secret("CANARY")) }}' } }),
  ) });
  const done = await finished(server.node, id);
  expect(done.status).toBe("COMPLETED");
  expect(seen.filter((value) => value === CANARY).length).toBeGreaterThanOrEqual(10);
  expectClean(await everythingStored(), "Redis");
  expectClean(texts(await eventsOf(server.node, id)).join("\n"), "the log of events");
  const shown = await data(server, API, { id });
  expectClean(texts(shown).join("\n"), "the API");
  expectClean(lines.join("\n"), "the process's log");
  expectClean(texts(lines.map((line) => JSON.parse(line.slice(0, line.lastIndexOf("}") + 1)) as unknown)).join("\n"), "the process's log");
  expect(lines.some((line) => line.includes("using ***"))).toBe(true);
  const context = await server.node.engine.context(id);
  expect(context.plain).toMatchObject({ plain: "***", "***": "key", inside: "<***>", json: '{"secret":"***"}', url: "https://h/?k=***", hex: "***" });
  expect(context.number).toEqual({ n: "***", list: ["***"] });
  for (const text of context.shifted as string[]) expect(text).toContain("***");
  expect(context.coded).toMatchObject({ code: "BAD_***", details: { request: { header: "Bearer ***" } } });
  expect(taskIn(done, "g.thrown").error).toMatchObject({ code: "HANDLER_ERROR", message: "refused: ***" });
});

test("a task's input is shown with a mask in the place of the value", async () => {
  const id = await start(server.node, { definition: oneGroup(task("a", { input: { header: 'Bearer {{ $secret("CANARY") }}', n: "{{ n }}" } })), context: { n: 1 } });
  const state = taskIn(await finished(server.node, id), "g.a");
  expect(await server.node.engine.input(state)).toEqual({ header: "Bearer ***", n: 1 });
  expect(await server.node.engine.context(id)).toEqual({ n: 1, a: null });
});

test("a name that the worker has no secret of fails at once, and no other name is told", async () => {
  const id = await start(server.node, { definition: oneGroup(task("a", { input: '{{ $secret("CANAR") }}', retry: retry() })) });
  const { attempt, error } = taskIn(await finished(server.node, id), "g.a");
  expect({ attempt, code: error?.code }).toEqual({ attempt: 1, code: "SECRET_UNKNOWN" });
  expect(JSON.stringify(error)).not.toMatch(/CANARY|PIN/);
});

describe("a remote worker", () => {
  const definition = (handler: string): { definition: ReturnType<typeof oneGroup> } => ({ definition: oneGroup(task("a", { handler, input: '{{ $secret("CANARY") }}' })) });

  test("gets no secret: the task fails and says why", async () => {
    const worker = new RemoteWorker(server, "far", ["far_handler"]);
    const id = await start(server.node, definition("far_handler"));
    expect(await worker.claim({ wait: "2s" })).toEqual([]);
    expect(taskIn(await finished(server.node, id), "g.a").error).toMatchObject({ code: "SECRET_REMOTE", retryable: false });
  });

  test("gets it where configuration allows, and what it says of it is taken out", async () => {
    const other = await startTestServer({ log, config: { secrets, remoteSecrets: true } });
    try {
      const worker = new RemoteWorker(other, "near", ["near_handler"]);
      const ids = [await start(other.node, definition("near_handler")), await start(other.node, definition("near_handler"))];
      const [first, second] = await worker.claimAll(2);
      expect(first?.input).toBe(CANARY);
      await worker.progress(first?.claim as string, { message: `at ${CANARY}`, data: [CANARY] });
      expect((await worker.complete([first?.claim as string, { used: CANARY }])).accepted).toEqual([first?.claim]);
      await worker.fail(second?.claim as string, { message: `refused ${CANARY}`, details: { CANARY }, retryable: false });
      for (const id of ids) {
        await finished(other.node, id);
        expectClean(texts(await workflowOf(other, id)).join("\n"), "the API");
        expectClean(texts(await eventsOf(other.node, id)).join("\n"), "the log of events");
      }
      expect(await other.node.engine.context(first?.workflowId as string)).toEqual({ a: { used: "***" } });
    } finally {
      await other.stop();
    }
  });
});

test("an expression asks for a secret in an input alone, by a name that is written out", async () => {
  const wrong = oneGroup(
    task("a", { when: '$secret("CANARY") = "x"', fallback: '{{ $secret("CANARY") }}', onFailure: "FALLBACK", validate: '$secret("CANARY")' }),
    task("b", { expansion: expansion({ array: { v: '[$secret("CANARY")]' }, identifier: '{{ $secret("CANARY") }}', filter: '$secret("CANARY")' }) }),
    task("c", { input: ["{{ $secret(name) }}", "{{ $map(names, $secret) }}", '{{ "CANARY" ~> $secret }}', '{{ $secret("canary") }}', '{{ $secret("A", "B") }}', '{{ "A" ~> $secret() }}'] }),
  );
  expect(codes(await server.node.engine.submitWorkflow(CALLER, { definition: wrong, context: { name: "CANARY", names: [] } }))).toEqual([
    ...["when", "validate", "fallback"].map((at) => `SECRET_PLACE groups[0].tasks[0].${at}`),
    ...["array.v", "filter", "identifier"].map((at) => `SECRET_PLACE groups[0].tasks[1].expansion.${at}`),
    ...[0, 1, 2, 3, 4, 5].map((at) => `EXPRESSION_SYNTAX groups[0].tasks[2].input[${at}]`),
  ]);
});

test("an expression that a handler evaluates has no secrets", async () => {
  const id = await start(server.node, { definition: oneGroup(task("a", { handler: "transform", input: { expression: '$secret("CANARY")', data: null } as JsonObject })) });
  expect(taskIn(await finished(server.node, id), "g.a").error?.code).toBe("SECRET_PLACE");
});

test("a task that waits shows a prompt without the value", async () => {
  const id = await start(server.node, { definition: oneGroup(task("a", { handler: "approval", input: { prompt: 'Use {{ $secret("CANARY") }}?' } })) });
  expect((await taskBecomes(server.node, id, "g.a", "WAITING")).waitingFor[0]?.message).toBe("Use ***?");
  expectClean(await everythingStored(), "Redis");
});
