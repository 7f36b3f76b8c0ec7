/** Every limit that a deployment may set: what reaches it is accepted, one beyond is refused with its code, and nothing is lost or half done. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Config } from "../src/config.js";
import { loadConfig } from "../src/config.js";
import type { SubmitWorkflowInput } from "../src/engine/Engine.js";
import type { TaskGroupDefinition } from "../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../src/workflow/json.js";
import { expansion, group, oneGroup, task, workflow } from "./support/builders.js";
import { expectSoundKeysAtRest } from "./support/soundKeys.js";
import { CALLER, finished, startTestServer, type TestServer } from "./support/testNode.js";
import { keysUnder } from "./faults/checks.js";

const LOW = {
  maxTasks: 3, maxItems: 4, maxGroupDepth: 2, maxDefinitionBytes: 2_048, maxContextValueBytes: 1_024, maxTemplateBytes: 1_500,
  maxBodyBytes: 20_480, maxMessageBytes: 4_096, maxDocumentBytes: 1_024, pageDefault: 2, pageMax: 3,
} satisfies Partial<Config>;

const gives = { name: "gives", description: "A text of so many characters.", builtIn: false, run: ({ input }: { input: JsonValue }) => "x".repeat(Number(input)) };
let server: TestServer;
beforeAll(async () => { server = await startTestServer({ handlers: [gives], config: LOW }); });
afterAll(async () => {
  await expectSoundKeysAtRest(server.node.redis, server.config.keyPrefix);
  await server.stop();
});

const QUOTES = 2;
const text = (bytes: number): string => "x".repeat(bytes - QUOTES);
const nested = (depth: number): TaskGroupDefinition => group(`g${depth}`, depth === 1 ? [task("t")] : [], depth === 1 ? {} : { groups: [nested(depth - 1)] });
const over = (values: number[]): SubmitWorkflowInput => ({ definition: oneGroup(task("first"), task("each", { after: ["first"], input: "{{ x }}", expansion: expansion({ array: { x: "xs" } }) })), context: { xs: values } });

/** How large a definition counts: as it is written, without what is filled in by default. */
function sized(bytes: number): SubmitWorkflowInput {
  const definition = (length: number): SubmitWorkflowInput["definition"] => ({ name: "n", description: "x".repeat(length), groups: [group("g", [task("t")])], onFailure: "CONTINUE" });
  const written = JSON.stringify(definition(0), (_, value: unknown) => (value === "CONTINUE" || value === "FAIL" || (Array.isArray(value) && value.length === 0) ? undefined : value)).length;
  return { definition: definition(bytes - written) };
}

describe.each<[string, SubmitWorkflowInput, SubmitWorkflowInput, path: string]>([
  ["tasks", { definition: oneGroup(task("a"), task("b"), task("c")) }, { definition: oneGroup(task("a"), task("b"), task("c"), task("d")) }, "groups"],
  ["nesting", { definition: workflow([nested(2)]) }, { definition: workflow([nested(3)]) }, "groups[0].groups[0].groups[0]"],
  ["definition", sized(2_048), sized(2_049), "groups"],
  ["value of the context", { definition: oneGroup(task("t")), context: { k: text(1_024) } }, { definition: oneGroup(task("t")), context: { k: text(1_025) } }, "context.k"],
])("of a submission: %s", (_what, within, beyond, path) => {
  test("at the limit it is accepted and completes", async () => {
    const { workflowId, problems } = await server.node.engine.submitWorkflow(CALLER, within);
    expect(problems).toEqual([]);
    expect((await finished(server.node, workflowId as string)).status).toBe("COMPLETED");
  });

  test("one beyond is a problem with its place, and leaves nothing", async () => {
    const before = (await keysUnder(server.node.redis, server.config.keyPrefix)).filter((key) => /:(w|c|e|d|idem):/.test(key));
    const { workflowId, problems } = await server.node.engine.submitWorkflow(CALLER, { ...beyond, idempotencyKey: `beyond ${path}` });
    expect(workflowId).toBeUndefined();
    expect(problems.map(({ code, path: at }) => [code, at])).toEqual([["LIMIT_EXCEEDED", path]]);
    expect((await keysUnder(server.node.redis, server.config.keyPrefix)).filter((key) => /:(w|c|e|d|idem):/.test(key))).toEqual(before);
  });
});

describe.each<[string, SubmitWorkflowInput, SubmitWorkflowInput, code: string, keeps: JsonObject]>([
  ["items", over([1, 2, 3, 4]), over([1, 2, 3, 4, 5]), "EXPANSION_TOO_LARGE", { first: null }],
  ["a result", { definition: oneGroup(task("first"), task("big", { after: ["first"], handler: "gives", input: 1_022 })) }, { definition: oneGroup(task("first"), task("big", { after: ["first"], handler: "gives", input: 1_023 })) }, "RESULT_TOO_LARGE", { first: null }],
  ["an item's result", { definition: oneGroup(task("first"), task("big", { after: ["first"], handler: "gives", input: "{{ n }}", expansion: expansion({ array: { n: [1, 1_022] }, flatten: false, outputFormat: "SINGLE" }) })) },
    { definition: oneGroup(task("first"), task("big", { after: ["first"], handler: "gives", input: "{{ n }}", expansion: expansion({ array: { n: [1, 1_023] }, outputFormat: "SINGLE" }) })) }, "TOLERANCE_EXCEEDED", { first: null }],
  ["a template's output", { definition: oneGroup(task("first"), task("long", { after: ["first"], resultKeys: [], input: "{{ a }}{{ a }}" })), context: { a: "x".repeat(749) } },
    { definition: oneGroup(task("first"), task("long", { after: ["first"], resultKeys: [], input: "{{ a }}{{ a }}!!!" })), context: { a: "x".repeat(749) } }, "TEMPLATE_TOO_LARGE", { first: null }],
])("of a running workflow: %s", (_what, within, beyond, code, keeps) => {
  test("at the limit it completes", async () => {
    const { workflowId } = await server.node.engine.submitWorkflow(CALLER, within);
    expect(await finished(server.node, workflowId as string)).toMatchObject({ status: "COMPLETED" });
  });

  test("one beyond the task fails with its code, and what was there before stays", async () => {
    const { workflowId, problems } = await server.node.engine.submitWorkflow(CALLER, beyond);
    expect(problems).toEqual([]);
    expect(await finished(server.node, workflowId as string)).toMatchObject({ status: "FAILED", partial: true, error: { code } });
    expect(await server.node.engine.context(workflowId as string, Object.keys(keeps))).toEqual(keeps);
  });
});

describe("of what comes later", () => {
  test("a value by provideContext: at the limit it counts, one beyond is a problem, and the key may still be provided", async () => {
    const { workflowId } = await server.node.engine.submitWorkflow(CALLER, { definition: workflow([group("g", [task("t", { resultKeys: [], dependencies: ["k"] })])], { externalKeys: ["k"] }) });
    const id = workflowId as string;
    expect((await server.node.engine.provideContext(CALLER, id, { k: text(1_025) })).problems).toMatchObject([{ code: "LIMIT_EXCEEDED", path: "values.k" }]);
    expect((await server.node.engine.provideContext(CALLER, id, { k: text(1_024) })).problems).toEqual([]);
    expect((await finished(server.node, id)).status).toBe("COMPLETED");
  });
});

/** Makes a body of exactly so many bytes, by an extension that nobody reads. */
function body(bytes: number, query = "{ serverInfo { version } }"): string {
  const filled = (length: number): string => JSON.stringify({ query, extensions: { filler: "x".repeat(length) } });
  return filled(bytes - filled(0).length);
}
async function post(sent: string): Promise<{ status: number; codes: string[] }> {
  const answer = await fetch(server.httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: sent });
  const { errors = [] } = (await answer.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: answer.status, codes: errors.map(({ extensions }) => extensions.code) };
}

describe("of requests", () => {
  test("a body", async () => {
    expect(await post(body(20_480))).toEqual({ status: 200, codes: [] });
    expect(await post(body(20_481))).toMatchObject({ status: 413, codes: ["LIMIT_EXCEEDED"] });
    expect(await post(body(100))).toEqual({ status: 200, codes: [] });
  });

  test("a document, in bytes of UTF-8", async () => {
    const document = (bytes: number): string => {
      const start = "{ serverInfo { version } } #é";
      return start + "x".repeat(bytes - Buffer.byteLength(start));
    };
    expect(await post(JSON.stringify({ query: document(1_024) }))).toEqual({ status: 200, codes: [] });
    expect(await post(JSON.stringify({ query: document(1_025) }))).toMatchObject({ codes: ["LIMIT_EXCEEDED"] });
  });

  test("a WebSocket message: beyond it the socket is closed with 1009, and others go on", async () => {
    const answerTo = (bytes: number): Promise<string> => new Promise((resolve, reject) => {
      const socket = new WebSocket(server.wsUrl, "graphql-transport-ws");
      const message = (length: number): string => JSON.stringify({ id: "1", type: "subscribe", payload: { query: "{ serverInfo { version } }", extensions: { filler: "x".repeat(length) } } });
      socket.on("open", () => socket.send('{"type":"connection_init"}'));
      socket.on("message", (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        if (type === "connection_ack") socket.send(message(bytes - message(0).length));
        else if (type === "next") { resolve(type); socket.close(); }
      });
      socket.on("close", (code) => resolve(String(code))).on("error", reject);
    });
    expect(await answerTo(4_096)).toBe("next");
    expect(await answerTo(4_097)).toBe("1009");
    expect(await answerTo(200)).toBe("next");
  });
});

describe("of pages", () => {
  beforeEach(async () => {
    for (let i = 0; i < 4; i++) await server.node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t")), idempotencyKey: `page ${i}` });
  });

  test.each([["", 2], ["(first: 3)", 3], ["(first: 4)", 3], ["(last: 1000)", 3], ["(first: 0)", 0]])("workflows%s gives %i", async (page, count) => {
    const answer = await fetch(server.httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query: `{ workflows${page} { nodes { id } } }` }) });
    expect(((await answer.json()) as { data: { workflows: { nodes: unknown[] } } }).data.workflows.nodes).toHaveLength(count);
  });
});

test.each([
  ["MAX_TASKS", "20001"], ["MAX_TASKS", "0"], ["MAX_ITEMS", "1000001"], ["MAX_DEFINITION", "1023"], ["MAX_BODY", "257MiB"], ["MAX_BODY", "1 GB"], ["PAGE_MAX", "10001"],
])("%s may not be %s", (name, value) => {
  expect(() => loadConfig({ [name]: value }, "/")).toThrow(name);
});
