/** Scripts of what workflows share, asked twice: registrations, sessions, the relay to Kafka, commands; see scriptsTwice.test.ts. */

import { expect, test } from "vitest";
import { sessionKey } from "../../src/engine/session.js";
import { ShardKeys } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { RedisSessions } from "../../src/store/RedisSessions.js";
import { Scripts } from "../../src/store/scripts.js";
import { CALLER } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { node, keyPrefix, definition, submit, twice, useTwice } from "./twice.js";

useTwice();

test("a registration asked for twice is one version", async () => {
  const [first, again] = await twice(() => node.engine.registerDefinition(CALLER, definition));
  expect(again).toEqual(first);
  expect(first.registered?.version).toBe(1);
});

test("joinSession, exportToSession, leaveSession", async () => {
  const id = await submit(definition);
  const sessions = sessionStore();
  const session = { tenant: "default", id: `of ${id}` };
  const key = sessionKey(session);
  expect(await twice(() => sessions.join(session, id, 1, true, ["k", "l"]))).toEqual([new Map(), new Map()]);
  expect(await twice(() => sessions.export(key, id, 2, ["k", "1"]))).toEqual([[id], [id]]);
  expect(await twice(() => sessions.join(session, id, 1, false, ["k", "l"]))).toEqual([new Map([["k", "1"]]), new Map([["k", "1"]])]);
  await twice(() => sessions.leave(key, id));
  expect(await sessions.exporters(key)).toEqual([]);
});

test("shareSession and settleSession", async () => {
  const sessions = sessionStore();
  // The node's own timers may pay the debt in between: then once more, with another workflow.
  await waitFor(async () => {
    const id = await submit(definition);
    const session = { tenant: "default", id: `session:${id}` };
    await twice(() => sessions.share({ ...session, tenant: "other" }, id));
    expect(await sessions.debtOf(id)).toBeUndefined();
    await twice(() => sessions.share(session, id));
    const debt = await sessions.debtOf(id);
    const answers = [...await twice(() => sessions.settle(id, sessionKey(session), "x")), ...await twice(() => sessions.settle(id, sessionKey(session), "j"))];
    return debt?.owes === "j" && answers.join() === "CHANGED,CHANGED,OK,OK";
  }, { what: "a debt that is noted once and struck off once" });
  expect(await sessions.settle(`s0-${"9".repeat(26)}`, sessionKey({ tenant: "default", id: "x" }), "j")).toBe("GONE");
});

function sessionStore(): RedisSessions {
  return new RedisSessions(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 3_600_000);
}

test("holdRelay: but for the time until which the lease holds", async () => {
  const bridge = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);
  const { relay } = new ShardKeys(keyPrefix, 1).of(0);
  const same = async <T>(call: () => Promise<T>): Promise<T> => {
    const state = async (): Promise<object> => ({ ...(await node.redis.hgetall(relay)), until: "" });
    const first = await call();
    const after = await state();
    expect(await call()).toEqual(first);
    expect(await state()).toEqual(after);
    return first;
  };
  const { token } = await same(() => bridge.takeRelay(0, "a", 60_000));
  await same(() => bridge.keepRelay(0, "a", token, 60_000, { at: "7-0", passed: 7 }));
  expect((await same(() => bridge.takeRelay(0, "b", 60_000))).code).toBe("OTHER");
  await same(() => bridge.leaveRelay(0, "a", token));
  expect((await same(() => bridge.takeRelay(0, "b", 60_000))).code).toBe("HELD");
  expect((await same(() => bridge.keepRelay(0, "a", token, 60_000, { at: "9-0", passed: 9 }))).code).toBe("LOST");
  expect(await bridge.relayedTo(0)).toEqual({ at: "7-0", passed: 7 });
});

test("recordCommand", async () => {
  const bridge = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);
  const open = await twice(() => bridge.recordCommand("default", "id", "says"));
  expect(open.map(({ code }) => code)).toEqual(["OPEN", "OPEN"]);
  const done = await twice(() => bridge.recordCommand("default", "id", "says", "{}"));
  expect(done).toEqual([{ code: "DONE", outcome: "{}" }, { code: "DONE", outcome: "{}" }]);
});
