import { expect, test } from "vitest";
import { Watch } from "../../src/client/Watch.js";

test("a source that has more than its reader takes is left when a thousand wait, and followed on behind them", async () => {
  let sent = 0;
  const starts: (string | undefined)[] = [];
  const watch = new Watch<number>({
    cursorOf: String,
    async follow(after, onEvent, signal) {
      starts.push(after);
      for (let n = Number(after ?? 0) + 1; n <= 2_500 && !signal.aborted; n++) {
        sent = n;
        onEvent(n);
      }
    },
  });
  expect(await watch.next()).toEqual({ value: 1, done: false });
  expect(sent).toBe(1_001);
  const rest: number[] = [];
  for await (const n of watch) rest.push(n);
  expect(rest).toEqual(Array.from({ length: 2_499 }, (_, i) => i + 2));
  expect(starts).toEqual([undefined, "1001", "2002"]);
});

test("an error comes after the events before it, once", async () => {
  const watch = new Watch<number>({ cursorOf: String, follow: (_after, onEvent) => { onEvent(1); onEvent(2); return Promise.reject(new Error("gone")); } });
  expect([(await watch.next()).value, (await watch.next()).value]).toEqual([1, 2]);
  await expect(watch.next()).rejects.toThrow("gone");
  expect(await watch.next()).toEqual({ value: undefined, done: true });
});
