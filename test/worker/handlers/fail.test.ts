/** `fail` fails exactly as it is told. */

import { describe, expect, test } from "vitest";
import { failHandler } from "../../../src/worker/handlers/fail.js";
import { failureOf, run } from "./support.js";

describe("fail", () => {
  test("fails with the code, message and retryability asked for", async () => {
    const failure = await failureOf(run(failHandler, { code: "OUT_OF_STOCK", message: "none left", retryable: false }));
    expect(failure).toMatchObject({ code: "OUT_OF_STOCK", message: "none left", retryable: false });
  });

  test.each([[{}], [null]])("with the input %j it fails, retryable", async (input) => {
    expect(await failureOf(run(failHandler, input))).toMatchObject({ code: "FAILED", retryable: true });
  });

  test("succeeds with the result from untilAttempt on, not before", async () => {
    const input = { untilAttempt: 3, result: { ok: [1] } };
    expect((await failureOf(run(failHandler, input, { attempt: 2 }))).code).toBe("FAILED");
    expect(await run(failHandler, input, { attempt: 3 })).toEqual({ ok: [1] });
    expect(await run(failHandler, input, { attempt: 4 })).toEqual({ ok: [1] });
    expect(await run(failHandler, { untilAttempt: 1 })).toBeNull();
  });

  test.each([
    [{ code: 5 }, "code"], [{ code: "no spaces" }, "code"], [{ code: "" }, "code"], [{ message: {} }, "message"], [{ retryable: "yes" }, "retryable"],
    [{ untilAttempt: 0 }, "untilAttempt"], [{ untilAttempt: 1.5 }, "untilAttempt"], [{ until: 1 }, "until"], ["x", "input"],
  ])("the input %j is refused at %s", async (input, field) => {
    expect(await failureOf(run(failHandler, input))).toMatchObject({ code: "INPUT_INVALID", details: { field } });
  });
});
