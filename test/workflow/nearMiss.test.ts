/** The name that was probably meant, and none when nothing is close. */

import { describe, expect, it } from "vitest";
import { nearMiss } from "../../src/workflow/nearMiss.js";

describe("nearMiss", () => {
  it.each([
    ["custmer", ["order", "customer"], "customer"], ["cusotmer", ["customer"], "customer"], ["Customer", ["customer"], "customer"],
    ["CUSTOMERS", ["customers"], "customers"], ["nmae", ["name"], "name"], ["orderId", ["orderIds", "ordered"], "orderIds"],
    ["color", ["colour"], "colour"], ["enrich_resutls", ["enrich_results", "enrich"], "enrich_results"], ["ab", ["ba"], "ba"],
  ])("of %s among %j is %s", (name, candidates, expected) => {
    expect(nearMiss(name, candidates)).toBe(expected);
  });

  it.each([
    ["zebra", ["customer", "order"]], ["a", ["b", "c"]], ["", ["a"]], ["id", ["url"]], ["customer", []], ["customer", ["customer"]], ["name", ["value"]],
  ])("of %s among %j does not exist", (name, candidates) => {
    expect(nearMiss(name, candidates)).toBeUndefined();
  });

  it("is the closest, and the first of equally close ones", () => {
    expect(nearMiss("customer", ["custommers", "customers"])).toBe("customers");
    expect(nearMiss("task", ["tasks", "tusk"])).toBe("tasks");
  });
});
