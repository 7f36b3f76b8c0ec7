/** Durations survive the way from text to milliseconds and back, and nothing else passes for one. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FanwireError } from "../../src/errors.js";
import { formatDuration, MAX_DURATION_MS, parseDuration } from "../../src/workflow/duration.js";

describe("parseDuration", () => {
  it.each([
    ["250ms", 250], ["30s", 30_000], ["1.5s", 1_500], ["5m", 300_000], ["2h", 7_200_000], ["7d", 604_800_000], ["0s", 0], [" 5m ", 300_000], ["0.25ms", 0],
    ["PT30S", 30_000], ["PT0.5S", 500], ["P1DT2H", 93_600_000], ["P2W", 1_209_600_000], ["PT1H30M", 5_400_000], ["P1D", 86_400_000], ["PT0S", 0],
    ["3650d", MAX_DURATION_MS],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "5", "s", "5 m", "-5s", "+5s", "1h30m", "5min", "5M", "1e3s", ".5s", "5.s", "P", "PT", "P1Y", "P1M", "P1DT", "PT5", "pt5s", "PT-5S", "3651d", "P522W", "Infinitys", "NaNs", "٣s", "9".repeat(400) + "d"])(
    "%.30s is refused", (text) => {
      let error: unknown;
      try {
        parseDuration(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(FanwireError);
      expect((error as FanwireError).code).toBe("INVALID_VALUE");
      expect((error as FanwireError).message.length).toBeLessThan(250);
    },
  );
});

describe("formatDuration", () => {
  it.each([[0, "0s"], [250, "250ms"], [1_500, "1500ms"], [90_000, "90s"], [120_000, "2m"], [7_200_000, "2h"], [172_800_000, "2d"], [604_800_000, "7d"]])("%d ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("is read back as the same duration", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});
