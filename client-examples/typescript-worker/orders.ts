/** Handlers for orders. `fanwire worker --tasks orders.ts` runs them as they stand; `fanwire serve --tasks orders.ts` as well. */

import { setTimeout as wait } from "node:timers/promises";
import { defineExpander, defineHandler, FanwireError } from "fanwire";
import { z } from "zod";

const Order = z.object({ id: z.string(), lines: z.array(z.object({ article: z.string(), pieces: z.int().positive(), each: z.number() })) });

/** Pure: nothing but its input decides about its result. */
export const total = defineHandler({
  name: "orders.total",
  description: "Adds up an order.",
  input: Order,
  output: z.object({ id: z.string(), total: z.number() }),
  pure: true,
  run: ({ input: { id, lines } }) => ({ id, total: lines.reduce((sum, { pieces, each }) => sum + pieces * each, 0) }),
});

/** What the payment service has booked, by idempotency key: a key that it knows books nothing again. */
const booked = new Map<string, string>();

export const charge = defineHandler({
  name: "orders.charge",
  description: "Charges an order, once, however often it has to be tried.",
  input: z.object({ id: z.string(), total: z.number() }),
  output: z.object({ receipt: z.string() }),
  async run({ input, attempt, idempotencyKey, signal, progress, heartbeat, log }) {
    if (input.total > 1_000) throw new FanwireError("LIMIT_REACHED", `Order ${input.id} costs more than may be charged`, { retryable: false });
    progress(10, "asking the payment service");
    heartbeat();
    await wait(5, undefined, { signal });
    const receipt = booked.get(idempotencyKey) ?? `receipt-${input.id}`;
    booked.set(idempotencyKey, receipt);
    // The answer gets lost the first time; the second attempt finds what was booked.
    if (attempt === 1) throw new Error("the payment service did not answer");
    log("charged", { order: input.id });
    return { receipt };
  },
});

/** The items of an expansion: pages of a source that definitions know by its name alone. */
export const pages = defineExpander({
  name: "orders.pages",
  args: z.object({ size: z.int().positive() }),
  expand: ({ args: { size }, context }) => {
    const orders = z.array(Order).parse(context.orders);
    return Array.from({ length: Math.ceil(orders.length / size) }, (_, page) => ({ page: orders.slice(page * size, (page + 1) * size).map(({ id }) => id) }));
  },
});
