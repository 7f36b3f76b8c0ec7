/** Which names an expression reads is known before it runs. */

import { describe, expect, it } from "vitest";
import { compileExpression } from "../../../src/workflow/expressions/expression.js";

function readsOf(source: string): { required: string[]; optional: string[]; whole: boolean } {
  const { reads, usesWholeScope } = compileExpression(source);
  return { required: [...reads.required].sort(), optional: [...reads.optional].sort(), whole: usesWholeScope };
}

describe("required names", () => {
  it.each([
    ["customer", ["customer"]],
    ["customer.name.first", ["customer"]],
    ["`first name`.x", ["first name"]],
    ["a + b * -c", ["a", "b", "c"]],
    ["a = 1 and b in c or d", ["a", "b", "c", "d"]],
    ["a & 'text'", ["a"]],
    ["orders[price > 10].id", ["orders"]],
    ["orders[price > $$.limit]", ["limit", "orders"]],
    ["orders[$$.position]", ["orders", "position"]],
    ["orders[0][1]", ["orders"]],
    ["orders^(>price, name).id", ["orders"]],
    ["orders{kind: $sum(price)}", ["orders"]],
    ["orders.{'id': id, 'rate': $$.rate}", ["orders", "rate"]],
    ["orders.(price * 2)", ["orders"]],
    // JSONata's @ leaves the context where it was, so both are read from the scope.
    ["orders@$o.lines@$l[$l.order = $o.id].{'id': $o.id}", ["lines", "orders"]],
    ["orders#$i.{'n': $i, 'id': id}", ["orders"]],
    ["[a, b.c, [d]]", ["a", "b", "d"]],
    ["[from..to]", ["from", "to"]],
    ["{'x': a, b: c.d}", ["a", "b", "c"]],
    ["a ? b : c", ["a", "b", "c"]],
    ["a ?: b", ["a", "b"]],
    ["$sum(orders.price) + $count(items)", ["items", "orders"]],
    ["$map(xs, function($x){ $x.a + total })", ["total", "xs"]],
    ["xs.$map(ys, function($x){ z })", ["xs"]],
    ["($x := a; $x.b + c)", ["a", "c"]],
    ["($f := function($v){ $v.k }; $f(a))", ["a"]],
    ["a ~> $uppercase", ["a"]],
    ["a ~> $substring(b, 1)", ["a", "b"]],
    ["a ~> |b|{'c': d}, ['e']|", ["a"]],
    ["$$.a.b", ["a"]],
    ["$.a.b", ["a"]],
    ["$.a[$.x > 1]", ["a"]],
    ["$index + $item.a", []],
    ["'literal'", []],
    ["$substring(?, a)", ["a"]],
    ["$contains(a, /b/)", ["a"]],
    ["(a; b.c)", ["a", "b"]],
    ["a.*", ["a"]],
    ["a.**.b", ["a"]],
    ["$lookup(a, b)", ["a", "b"]],
  ])("of %s", (source, required) => {
    expect(readsOf(source)).toEqual({ required, optional: [], whole: false });
  });
});

describe("optional names", () => {
  it.each([
    ["a ?? 'none'", [], ["a"]],
    ["a.b ?? c", ["c"], ["a"]],
    ["a ?? b ?? 1", [], ["a", "b"]],
    ["(a + b.c) ?? 0", [], ["a", "b"]],
    ["a[x = $$.y] ?? 0", [], ["a", "y"]],
    ["(a ?? 1) + a", ["a"], []],
    ["$exists(a)", [], ["a"]],
    ["$exists(a) ? a.b : c", ["c"], ["a"]],
    ["$exists(a) ? c : a", ["a", "c"], []],
    ["xs.(name ?? 'none')", ["xs"], []],
  ])("of %s", (source, required, optional) => {
    expect(readsOf(source)).toEqual({ required, optional, whole: false });
  });
});

describe("the whole scope", () => {
  it.each(["$", "$$", "*", "**", "*.a", "$keys($$)", "$keys()", "$lookup('a')", "($x := $$; $x.a)", "$map([1], function(){ $$ })", "a.%", "[$]",
    "$ ~> |a|{'b': 1}|", "$sift(function($v){ $v })", "$string($$)", "{'all': $$}", "function($x)<x-:x>{ $x }()", "a ? $ : 1"])("is what %s reads", (source) => {
    expect(readsOf(source).whole).toBe(true);
  });

  it.each(["$string(a)", "a.$keys()", "xs.$", "a.$string()", "xs[$ > 1]", "$map(xs, $keys)"])("is not what %s reads", (source) => {
    expect(readsOf(source).whole).toBe(false);
  });
});
