/** Runs a mutation for a command that came from elsewhere: its name, its arguments as JSON, and an id that makes it happen once. */

// Decorated classes ask for it when they are defined, so it comes before all of them.
import "reflect-metadata";
import { execute, getNamedType, GraphQLError, isLeafType, isObjectType, parse } from "graphql";
import type { DocumentNode, GraphQLField, GraphQLOutputType, GraphQLSchema } from "graphql";
import { readClaimId } from "../engine/claimId.js";
import { commandRequest } from "../engine/commandRequest.js";
import type { Caller } from "../engine/Engine.js";
import { FanwireError, problem, type Problem } from "../errors.js";
import type { CommandAnswer, RunCommand } from "../events/kafka/commands.js";
import { isObject, type JsonObject, type JsonValue } from "../workflow/json.js";
import { nearMiss } from "../workflow/nearMiss.js";
import type { ApiContext } from "./context.js";

/** Its answer is a claim, which one reader of a topic of answers would have to keep from the others. */
const NO_COMMANDS = ["claimTasks"];
/** Those that would make another workflow if they were carried out twice. */
const KEYED = ["submitWorkflow", "rerunWorkflow"];
const MOST_PROBLEMS = 100;
const MOST_CHARACTERS = 2_000;

interface Mutation {
  document: DocumentNode;
  argumentNames: string[];
  /** Its arguments are the fields of one input object, and may be given without naming that. */
  takesInput: boolean;
}

export function createCommandRunner(schema: GraphQLSchema, contextFor: (caller: Caller) => ApiContext): RunCommand {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(({ name }) => !NO_COMMANDS.includes(name));
  const mutations = new Map(fields.map((field) => [field.name, prepare(field)]));
  return async (tenant, command, given, id) => {
    const mutation = mutations.get(command);
    if (!mutation) return unusable([unknownCommand(command, [...mutations.keys()])]);
    const wrapped = mutation.takesInput && !(Object.keys(given).length === 1 && "input" in given) ? { input: given } : given;
    const args = KEYED.includes(command) ? keyed(wrapped, mutation.takesInput, id) : wrapped;
    const unknown = Object.keys(args).filter((name) => !mutation.argumentNames.includes(name));
    if (unknown.length > 0) return unusable(unknown.map((name) => problem("COMMAND_INVALID", `${command} has no argument ${JSON.stringify(name.slice(0, 60))}`, "input")));
    const { data, errors } = await execute({ schema, document: mutation.document, variableValues: args, contextValue: contextFor({ tenant, request: commandRequest(tenant, id) }) });
    if (errors) return failed(errors);
    return answer((data as JsonObject)[command] as JsonObject, args);
  };
}

function prepare({ name, args, type }: GraphQLField<unknown, unknown>): Mutation {
  const variables = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(", ");
  const values = args.map((arg) => `${arg.name}: $${arg.name}`).join(", ");
  return {
    document: parse(`mutation Command(${variables}) { ${name}(${values}) { ${selection(type)} } }`),
    argumentNames: args.map((arg) => arg.name),
    takesInput: args.length === 1 && args[0]?.name === "input",
  };
}

/** The problems, the workflow's id, and what has no fields of its own. */
function selection(payload: GraphQLOutputType): string {
  const type = getNamedType(payload);
  if (!isObjectType(type)) throw new Error("A mutation answers an object.");
  return Object.values(type.getFields()).flatMap(({ name, type: fieldType }) => {
    if (name === "problems") return ["problems { code message path hint }"];
    if (name === "workflow") return ["workflow { id }"];
    return isLeafType(getNamedType(fieldType)) ? [name] : [];
  }).join(" ");
}

/** The command's id stands for the workflow, unless the sender has given a key of its own. */
function keyed(args: JsonObject, inInput: boolean, id: string): JsonObject {
  const of = inInput ? args["input"] : args;
  if (!isObject(of) || (of["idempotencyKey"] ?? null) !== null) return args;
  const withKey = { ...of, idempotencyKey: `kafka:${id}` };
  return inInput ? { ...args, input: withKey } : withKey;
}

/** @throws FanwireError when trying again can help, and what else a resolver threw */
function failed(errors: readonly GraphQLError[]): CommandAnswer {
  // Without a path: the arguments were never taken.
  if (errors.every(({ path }) => path === undefined)) return unusable(errors.slice(0, MOST_PROBLEMS).map(({ message }) => problem("COMMAND_INVALID", message.slice(0, MOST_CHARACTERS), "input")));
  let cause: unknown = errors.find(({ path }) => path !== undefined);
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  if (!(cause instanceof FanwireError) || cause.retryable) throw cause;
  return { unusable: false, workflowId: null, problems: [{ code: cause.code, message: cause.message }], more: {} };
}

function answer(payload: JsonObject, args: JsonObject): CommandAnswer {
  const { problems, workflow, ...more } = payload;
  return {
    unusable: false,
    workflowId: isObject(workflow) ? String(workflow["id"]) : workflowOf(args),
    problems: (problems as unknown as Problem[]).map((found) => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null)) as unknown as Problem),
    more,
  };
}

/** The workflow that the arguments are about, for payloads that do not name it. */
function workflowOf(args: JsonObject): string | null {
  const input = isObject(args["input"]) ? args["input"] : args;
  for (const name of ["workflowId", "id"]) if (typeof input[name] === "string") return input[name];
  const [first] = Array.isArray(input["results"]) ? input["results"] : [];
  const claim: JsonValue | undefined = input["claim"] ?? (isObject(first) ? first["claim"] : undefined);
  return typeof claim === "string" ? (readClaimId(claim)?.ref.workflowId ?? null) : null;
}

function unusable(problems: Problem[]): CommandAnswer {
  return { unusable: true, workflowId: null, problems, more: {} };
}

function unknownCommand(command: string, known: readonly string[]): Problem {
  const shown = JSON.stringify(command.slice(0, 60));
  if (NO_COMMANDS.includes(command)) return problem("COMMAND_INVALID", `${shown} cannot be a command: its answer is for one caller alone`, "command", "Bind a handler to a topic, kafka:<topic>: its tasks come there.");
  const meant = nearMiss(command, known);
  return problem("COMMAND_INVALID", `There is no mutation ${shown}${meant === undefined ? "" : `; did you mean ${meant}?`}`, "command");
}
