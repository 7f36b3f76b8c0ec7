/** graphql-transport-ws to the letter: every rule and its close code, spoken by hand. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import type { Answer } from "./graphqlClient.js";
import { data, longDelay, submit } from "./graphqlClient.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

/** A socket that notes what it is sent. */
class Talk {
  readonly messages: Answer[] = [];
  code: number | undefined;
  readonly socket = new WebSocket(new URL("/graphql", server.wsUrl), "graphql-transport-ws");
  readonly closed = new Promise<number>((resolve) => this.socket.on("close", (code) => {
    this.code = code;
    resolve(code);
  }));

  static async open(): Promise<Talk> {
    const talk = new Talk();
    talk.socket.on("message", (text) => talk.messages.push(JSON.parse(String(text))));
    await new Promise((resolve) => talk.socket.once("open", resolve));
    return talk;
  }

  static async acknowledged(): Promise<Talk> {
    const talk = await Talk.open();
    talk.say({ type: "connection_init" });
    await talk.heard({ type: "connection_ack" });
    return talk;
  }

  say(...messages: object[]): void {
    for (const message of messages) this.socket.send(JSON.stringify(message));
  }

  heard(message: object): Promise<Answer> {
    return waitFor(() => this.messages.find((heard) => Object.entries(message).every(([name, value]) => heard[name] === value)), { what: JSON.stringify(message) });
  }

  follow(id: string, workflow: string, more: object = {}): object {
    return { id, type: "subscribe", payload: { query: "subscription($id: ID!) { workflowEvents(id: $id) { seq type } }", variables: { id: workflow }, ...more } };
  }

  of(id: string): Answer[] {
    return this.messages.filter((message) => message.id === id);
  }
}

const version = (id: string): object => ({ id, type: "subscribe", payload: { query: "{ serverInfo { version } }" } });
const cancel = (id: string): Promise<unknown> => data(server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });

describe("what closes a socket", () => {
  test.each<[string, number, object[]]>([
    ["a second initialisation", 4429, [{ type: "connection_init" }]],
    ["a type that is none", 4400, [{ type: "begin" }]],
    ["a message without a type", 4400, [{ id: "1" }]],
    ["a subscription without an id", 4400, [{ type: "subscribe", payload: { query: "{ serverInfo { version } }" } }]],
    ["a subscription without a query", 4400, [{ id: "1", type: "subscribe", payload: {} }]],
  ])("%s: %i", async (_what, code, messages) => {
    const talk = await Talk.acknowledged();
    talk.say(...messages);
    expect(await talk.closed).toBe(code);
  });

  test("an id that is in use: 4409", async () => {
    const id = await submit(server, longDelay());
    const talk = await Talk.acknowledged();
    talk.say(talk.follow("1", id));
    await talk.heard({ type: "next", id: "1" });
    talk.say(talk.follow("1", id));
    expect(await talk.closed).toBe(4409);
    await cancel(id);
  });

  test("a subscription before the acknowledgement: 4401", async () => {
    const talk = await Talk.open();
    talk.say(version("1"));
    expect(await talk.closed).toBe(4401);
  });
});

describe("what a socket answers", () => {
  test("a ping before and after the initialisation, with its payload", async () => {
    const talk = await Talk.open();
    talk.say({ type: "ping" });
    await talk.heard({ type: "pong" });
    talk.say({ type: "connection_init" }, { type: "ping", payload: { a: 1 } });
    await waitFor(() => talk.messages.some(({ type, payload }) => type === "pong" && payload?.a === 1));
    talk.socket.close();
  });

  test("an operation ends with complete, and its id is free again", async () => {
    const talk = await Talk.acknowledged();
    for (let times = 1; times <= 2; times++) {
      talk.say(version("1"));
      await waitFor(() => talk.of("1").length === times * 2);
    }
    expect(talk.of("1").map(({ type }) => type)).toEqual(["next", "complete", "next", "complete"]);
    talk.socket.close();
  });

  test("complete comes behind the last event, and only once", async () => {
    const id = await submit(server, longDelay());
    const talk = await Talk.acknowledged();
    talk.say(talk.follow("a", id), talk.follow("b", id), talk.follow('"c"\\', id));
    await waitFor(() => ["a", "b", '"c"\\'].every((name) => talk.of(name).length >= 3));
    await cancel(id);
    await waitFor(() => ["a", "b", '"c"\\'].every((name) => talk.of(name).at(-1)?.type === "complete"));
    for (const name of ["a", "b", '"c"\\']) {
      const heard = talk.of(name);
      expect(heard.at(-2)?.payload.data.workflowEvents.type).toBe("WORKFLOW_CANCELLED");
      expect(heard.slice(0, -1).map(({ type, payload }) => [type, payload.data.workflowEvents.seq])).toEqual(heard.slice(0, -1).map((_, i) => ["next", i + 1]));
    }
    talk.socket.close();
  });

  test("a client's complete ends its subscription alone: no event comes after it, and the others go on", async () => {
    const id = await submit(server, longDelay());
    const talk = await Talk.acknowledged();
    talk.say(talk.follow("stays", id), talk.follow("goes", id));
    await waitFor(() => talk.of("stays").length >= 3 && talk.of("goes").length >= 3);
    talk.say({ id: "goes", type: "complete" }, { type: "ping" });
    await talk.heard({ type: "pong" });
    const heard = talk.of("goes").length;
    await cancel(id);
    await talk.heard({ id: "stays", type: "complete" });
    expect(talk.of("goes").length).toBe(heard);
    talk.socket.close();
  });

  test("an operation that cannot run is an error under its id, and the socket lives on", async () => {
    const talk = await Talk.acknowledged();
    talk.say({ id: "bad", type: "subscribe", payload: { query: "subscription { nope }" } }, version("good"));
    await talk.heard({ id: "good", type: "complete" });
    expect(talk.of("bad").map(({ type }) => type)).toEqual(["error"]);
    expect(talk.code).toBeUndefined();
    talk.socket.close();
  });

  test("payloads of any length arrive whole: short, above 125, above 65,535 bytes, in any script", async () => {
    const talk = await Talk.acknowledged();
    const values = ["x", "é".repeat(300), "漢字🙂".repeat(20_000)];
    for (const [i, value] of values.entries()) {
      const id = await submit(server, {
        definition: { name: "echo", groups: [{ name: "g", tasks: [{ name: "t", handler: "transform", input: { expression: "v", data: { v: "{{ v }}" } } }] }] }, context: { v: value },
      });
      talk.say({ id: `${i}`, type: "subscribe", payload: { query: "subscription($id: ID!) { workflowEvents(id: $id, types: [TASK_COMPLETED]) { ... on TaskEvent { result } } }", variables: { id } } });
      await talk.heard({ id: `${i}`, type: "complete" });
      expect(talk.of(`${i}`)[0].payload).toEqual({ data: { workflowEvents: { result: value } } });
    }
    talk.socket.close();
  });
});
