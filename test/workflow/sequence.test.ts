/** A selection that leaves one element is a list of one; a value that never was in a list is not. */

import { expect, test } from "vitest";
import { isSequenceOfOne } from "../../src/workflow/sequence.js";
import { scopeOf } from "../support/scopeOf.js";

const scope = scopeOf({
  customers: [{ name: "a", vip: true, orders: [{ id: 1 }] }, { name: "b" }], one: [{ name: "a" }], customer: { name: "a", orders: [{ id: 1 }] },
  shop: { customers: [{ vip: true }], owner: { name: "o" } }, count: 5, nothing: null, flag: true, $item: { list: [1] },
});

test.each([
  "customers[vip]", "customers[0]", "one.name", "customer.orders.id", "customer.orders[id=1]", "shop.customers[vip]", "$$.customers[vip]",
  "$filter(customers, function($c) { $c.vip })", "customers ~> $filter(function($c) { $c.vip })", "$map(one, function($c) { $c.name })",
  "$keys(customer.x)", "(customers[vip])", "($v := customers[vip]; $v)", "flag ? customers[vip] : count", "customers[vip] ?? customers[0]",
  "one^(name)", "one.{\"n\": name}", "customers.orders.(id)", "shop.*", "**.owner", "(customers)[0]", "$item.list[0]",
])("%s gives a sequence", (source) => {
  expect(isSequenceOfOne(source, scope)).toBe(true);
});

test.each([
  "customer", "customer.name", "shop.owner", "count", "nothing", "count + 1", "\"text\"", "customer[name=\"a\"]", "$sum(customers.n)",
  "{\"a\": 1}", "customers{name: vip}", "$reduce(customers, function($a, $b) { $a })", "flag ? customer : count", "($v := customer; $v)",
  "customer ?? count", "shop.(owner)", "$item",
])("%s gives a value", (source) => {
  expect(isSequenceOfOne(source, scope)).toBe(false);
});
