/** How handlers are written in TypeScript: a name, what goes in and comes out, and the code between. */

import { FanwireError } from "../errors.js";
import { isHandlerName } from "../workflow/handlerName.js";
import type { JsonValue } from "../workflow/json.js";
import { changedContext, type Handler, type HandlerAnswer, type HandlerContext } from "./handlers.js";
import { fitted, isThenable, jsonSchemaOf, type InferInput, type InferOutput, type StandardSchema } from "./standardSchema.js";

type InputOf<In> = In extends StandardSchema ? InferOutput<In> : JsonValue;
type ResultOf<Out> = Out extends StandardSchema ? InferInput<Out> : unknown;

export interface HandlerDefinition<In extends StandardSchema | undefined = undefined, Out extends StandardSchema | undefined = undefined> {
  /** What tasks name: letters, digits and `_ . : -`. */
  name: string;
  /** For people. */
  description?: string;
  /**
   * What the input must be, templates resolved; `run` gets what the schema makes of it. An input that does not fit fails the task with
   * INPUT_INVALID, without another attempt. Of tasks with `batchSize` it describes the list of their inputs.
   */
  input?: In;
  /** What `run` gives; what the schema makes of it is recorded. Another result fails the task with RESULT_INVALID, without another attempt. */
  output?: Out;
  /**
   * Promises that the result depends on the input and `attempt` alone, and that nobody can tell whether the handler was called: no
   * request, no file, no clock, no log, no progress. It may then run more often, and before what it follows from is recorded.
   */
  pure?: boolean;
  /** Says that a call takes microseconds: a worker then takes many of them at once. */
  light?: boolean;
  /**
   * Runs one attempt, and gives anything that can be written as JSON (undefined counts as null). Throw FanwireError for a failure with a
   * code; any other error is HANDLER_ERROR, and tried again as the task's `retry` says.
   */
  run(context: HandlerContext<InputOf<In>>): ResultOf<Out> | Promise<ResultOf<Out>>;
}

/** @throws FanwireError INVALID_VALUE for a name that no handler can have */
export function defineHandler<In extends StandardSchema | undefined = undefined, Out extends StandardSchema | undefined = undefined>(definition: HandlerDefinition<In, Out>): Handler {
  const { name, description = "", input, output, pure, light } = definition;
  if (!isHandlerName(name)) throw new FanwireError("INVALID_VALUE", `${JSON.stringify(name)} is no name for a handler`);
  const [inputSchema, outputSchema] = [jsonSchemaOf(input, "input"), jsonSchemaOf(output, "output")];
  return {
    name, description, builtIn: false,
    ...(inputSchema === undefined ? {} : { inputSchema }), ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(pure === undefined ? {} : { pure }), ...(light === undefined ? {} : { light }),
    run: (context) => runFitted(definition, context),
  };
}

/** Synchronous where schemas and handler are. */
function runFitted<In extends StandardSchema | undefined, Out extends StandardSchema | undefined>(definition: HandlerDefinition<In, Out>, context: HandlerContext): HandlerAnswer | Promise<HandlerAnswer> {
  const { name, input, output } = definition;
  const call = (value: unknown): unknown => definition.run(changedContext(context, { input: value as InputOf<In> }));
  const given = input ? chained(fitted(input, context.input, `The input of ${name}`, "INPUT_INVALID"), call) : call(context.input);
  const checked = output ? chained(given, (result) => fitted(output, result, `The result of ${name}`, "RESULT_INVALID")) : given;
  // A result that only looks like a promise (of a query builder, say) is one.
  return (isThenable(checked) ? Promise.resolve(checked) : checked) as HandlerAnswer | Promise<HandlerAnswer>;
}

function chained(value: unknown, next: (value: unknown) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
