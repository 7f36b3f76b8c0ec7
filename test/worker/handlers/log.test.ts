/** `log` takes anything and answers null. */

import { expect, test } from "vitest";
import { logHandler } from "../../../src/worker/handlers/log.js";
import { run } from "./support.js";
import type { LogEntry } from "./support.js";

test("a string is the message, anything else the data", async () => {
  const logged: LogEntry[] = [];
  for (const input of ["hello", { a: 1 }, [1, 2], null, 0, false]) expect(await run(logHandler, input, { logged })).toBeNull();
  expect(logged.map(({ message, data }) => (data === undefined ? message : data))).toEqual(["hello", { a: 1 }, [1, 2], null, 0, false]);
});
