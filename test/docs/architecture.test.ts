/** docs/architecture.md names every Redis key and every script that there is. */

import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { Keys } from "../../src/store/keys.js";
import { readPage, ROOT, tableRows } from "./markdown.js";

const page = readPage("docs/architecture.md");
const keys = new Keys("");

/** One per member of Keys: a key that is added there has no place here, and so fails. */
const PATTERNS: Record<string, string> = {
  workflow: keys.workflow("<id>"), context: keys.context("<id>"), events: keys.events("<id>"), items: keys.items("<id>", "<task>"),
  instances: keys.instances("<id>"), definition: keys.definition("<hash>"),
  definitionNames: keys.definitionNames("<tenant>"), definitionVersions: keys.definitionVersions("<tenant>", "<hash>"),
  idempotency: keys.idempotency("<tenant>", "<hash>"), lane: keys.lane("<handler>"),
  timers: keys.timers, leases: keys.leases, worker: keys.worker("<worker>"), index: keys.index("<tenant>", "<index>"), tenants: keys.tenants,
  wake: keys.wake, feed: keys.feed, claimsOf: keys.claimsOf("<worker>"), claimRequest: keys.claimRequest("<request>"), lanes: keys.lanes, load: keys.load,
  workers: keys.workers, workersAlive: keys.workersAlive, held: keys.held("<id>", "<group>"),
  session: keys.session("<session>"), sessionContext: keys.sessionContext("<session>"), sessionIndex: keys.sessionIndex("<session>"),
  relay: keys.relay, command: keys.command("<tenant>", "<hash>"),
  sessionWaiting: keys.sessionWaiting("<session>"), sessionExporters: keys.sessionExporters("<session>"),
};

test("the table of keys is the list of keys", () => {
  const members = Object.getOwnPropertyNames(Keys.prototype).filter((name) => name !== "constructor");
  expect(Object.keys(PATTERNS).sort()).toEqual(members.sort());
  expect(tableRows(page, "Keys").map(([key]) => key).sort()).toEqual(Object.values(PATTERNS).map((pattern) => `\`${pattern}\``).sort());
});

test("the table of scripts is the list of scripts", () => {
  const scripts = readdirSync(`${ROOT}src/store/lua`).filter((name) => name.endsWith(".lua")).map((name) => name.replace(".lua", ""));
  expect(tableRows(page, "Scripts").map(([cell]) => /^\[(\w+)\]/.exec(cell ?? "")?.[1]).sort()).toEqual(scripts.sort());
});
