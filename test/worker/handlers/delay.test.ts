/** `delay` gives its worker back and leaves the waiting to the engine. */

import { describe, expect, test } from "vitest";
import { CompleteLater } from "../../../src/engine/handlers.js";
import { delayHandler } from "../../../src/worker/handlers/delay.js";
import { failureOf, run } from "./support.js";

describe("delay", () => {
  test.each([
    ["250ms", 250], ["0s", 0], ["1.5s", 1500], ["30s", 30_000], ["5m", 300_000], ["2h", 7_200_000], ["7d", 604_800_000],
    ["PT30S", 30_000], ["PT0.25S", 250], ["P1DT2H3M4S", 93_784_000], ["P2W", 1_209_600_000],
  ])("%s is %d ms, completed later with null", async (duration, delayMs) => {
    const answer = await run(delayHandler, { duration });
    expect(answer).toBeInstanceOf(CompleteLater);
    expect(answer).toEqual(new CompleteLater(delayMs, null));
  });

  test.each(["", "5", "5 s", "-1s", "1y", "P", "PT", "P1DT", "P1M", "P1Y", "1e3s", "s", "٣s", 5, null, true, [], {}, "4000d", "999999999999999d"])(
    "the duration %j is refused by name", async (duration) => {
      expect(await failureOf(run(delayHandler, { duration }))).toMatchObject({ code: "INPUT_INVALID", retryable: false, details: { field: "duration" } });
    });

  test.each([[null, "input"], ["5s", "input"], [[], "input"], [{}, "duration"], [{ duration: "1s", until: "x" }, "until"]])(
    "the input %j is refused at %s", async (input, field) => {
      expect(await failureOf(run(delayHandler, input))).toMatchObject({ code: "INPUT_INVALID", details: { field } });
    });
});
