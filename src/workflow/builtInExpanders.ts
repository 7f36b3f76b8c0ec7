/** The expanders that every process has: numbers of a range, and a list in parts. */

import { FanwireError } from "../errors.js";
import type { Expander } from "./expander.js";
import { isObject } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind } from "./jsonTree.js";
import { LIMITS } from "./limits.js";

const rangeExpander: Expander = {
  name: "range",
  description: "Numbers from `from` to `to`, both included, `step` apart (by default 1, or -1 downwards): each item has the variable `n`.",
  expand({ args }) {
    const fields = fieldsOf("range", args, ["from", "to", "step"]);
    const from = numberOf("range", "from", fields.from);
    const to = numberOf("range", "to", fields.to);
    const step = fields.step === undefined || fields.step === null ? (to < from ? -1 : 1) : numberOf("range", "step", fields.step);
    if (step === 0) throw invalid("range", "step is 0, which never comes to an end");
    // The addend makes up for binary fractions: from 0 to 0.3 by 0.1 are four numbers.
    const count = Math.max(0, Math.floor((to - from) / step + 1e-9) + 1);
    if (count > LIMITS.items) throw new FanwireError("EXPANSION_TOO_LARGE", `The range has ${count} numbers; the limit is ${LIMITS.items}`);
    return Array.from({ length: count }, (_, i) => ({ n: from + i * step }));
  },
};

const chunksExpander: Expander = {
  name: "chunks",
  description: "Parts of `list`, each of `size` elements and the last of what is left: each item has the variables `chunk` and `from`, the position of its first element.",
  expand({ args }) {
    const { list, size: given } = fieldsOf("chunks", args, ["list", "size"]);
    if (!Array.isArray(list)) throw invalid("chunks", `list is ${describeKind(list ?? null)}, not a list`);
    const size = numberOf("chunks", "size", given);
    if (!Number.isInteger(size) || size < 1) throw invalid("chunks", `size is ${size}, not a whole number of at least 1`);
    return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => ({ chunk: list.slice(i * size, (i + 1) * size), from: i * size }));
  },
};

export const BUILT_IN_EXPANDERS: readonly Expander[] = [rangeExpander, chunksExpander];

export function isBuiltInExpander(name: string): boolean {
  return BUILT_IN_EXPANDERS.some((expander) => expander.name === name);
}

function invalid(expander: string, what: string): FanwireError {
  return new FanwireError("INPUT_INVALID", `The arguments of the expander ${expander} do not fit: ${what}`);
}

function fieldsOf(expander: string, args: JsonValue, known: readonly string[]): JsonObject {
  if (!isObject(args)) throw invalid(expander, `they are ${describeKind(args)}, not an object with the fields ${known.join(", ")}`);
  const unknown = Object.keys(args).find((field) => !known.includes(field));
  if (unknown !== undefined) throw invalid(expander, `there is no field ${unknown}; the fields are ${known.join(", ")}`);
  return args;
}

function numberOf(expander: string, field: string, value: JsonValue | undefined): number {
  if (typeof value === "number") return value;
  throw invalid(expander, value === undefined ? `${field} is missing` : `${field} is ${describeKind(value)}, not a number`);
}
