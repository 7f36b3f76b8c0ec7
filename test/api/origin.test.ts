/** A page of another site cannot open a WebSocket here. */

import { expect, test } from "vitest";
import { isAllowedOrigin } from "../../src/api/origin.js";

test.each([
  ["no Origin, as programs send none", undefined, "fanwire.example:4000"],
  ["the server's own host", "https://fanwire.example", "fanwire.example"],
  ["the same host written large", "https://FANWIRE.example", "fanwire.EXAMPLE"],
  ["the machine itself, another port", "http://localhost:5173", "127.0.0.1:4000"],
  ["IPv6 loopback", "http://[::1]:5173", "127.0.0.1:4000"],
])("allowed: %s", (_what, origin, host) => {
  expect(isAllowedOrigin(origin, host)).toBe(true);
});

test.each([
  ["another site", "https://evil.example", "127.0.0.1:4000"],
  ["the same host, another port", "http://fanwire.example:81", "fanwire.example:4000"],
  ["a name that begins like loopback", "http://127.0.0.1.evil.example", "127.0.0.1:4000"],
  ["a name that begins like localhost", "http://localhost.evil.example", "127.0.0.1:4000"],
  ["a sandboxed frame", "null", "127.0.0.1:4000"],
  ["a browser extension", "chrome-extension://abc", "127.0.0.1:4000"],
  ["an empty Origin", "", "127.0.0.1:4000"],
])("refused: %s", (_what, origin, host) => {
  expect(isAllowedOrigin(origin, host)).toBe(false);
});
