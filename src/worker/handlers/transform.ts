/** The handler `transform`: JSONata over the data it is given, and nothing else. */

import type { Handler, HandlerContext } from "../../engine/handlers.js";
import { compileExpression } from "../../workflow/expressions/expression.js";
import type { Scope } from "../../workflow/expressions/types.js";
import { isObject } from "../../workflow/json.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";
import { readFields, readString } from "./input.js";

export const transformHandler: Handler = {
  name: "transform",
  description: "Evaluates a JSONata expression over `data` alone; an expression without a value gives null.",
  builtIn: true,
  light: true,
  pure: true,
  inputSchema: {
    type: "object",
    properties: {
      expression: { type: "string", minLength: 1, description: "JSONata. `$` and `$$` are `data`." },
      data: { description: "Any JSON. Absent: null." },
    },
    required: ["expression"],
    additionalProperties: false,
  },
  outputSchema: { description: "The expression's value." },
  run: runTransform,
};

function runTransform({ input }: HandlerContext): JsonValue | Promise<JsonValue> {
  const fields = readFields(input, ["expression", "data"]);
  const expression = compileExpression(readString(fields["expression"], "expression"));
  const data = fields["data"] ?? null;
  const root = expression.names?.[0];
  // Plain paths into an object need no JSONata, which keeps them synchronous. A root with a dollar sign would be one of
  // the scope's variables, of which there are none here.
  const value = isObject(data) && root?.startsWith("$") === false ? expression.evaluate(scopeOf(data)) : expression.evaluateOver(data);
  return value instanceof Promise ? value.then(orNull) : orNull(value);
}

function scopeOf(data: JsonObject): Scope {
  return { get: (name) => (Object.hasOwn(data, name) ? data[name] : undefined), names: () => Object.keys(data) };
}

function orNull(value: JsonValue | undefined): JsonValue {
  return value ?? null;
}
