/** What comes in on the topic of commands, and what goes out as an answer. */

import type { KafkaMessage } from "kafkajs";
import { problem, type Problem } from "../../errors.js";
import { canonicalJson, isObject, type JsonObject, type JsonValue } from "../../workflow/json.js";
import { isDeeperThan } from "../../workflow/jsonTree.js";
import { formatBytes, LIMITS, MAX_JSON_DEPTH } from "../../workflow/limits.js";

const MAX_ID = 200;
/** Of a message: its values may be as deep as those of the API, some levels below. */
const MAX_DEPTH = MAX_JSON_DEPTH + 64;

export interface Command {
  id: string;
  /** A mutation's name. */
  command: string;
  /** Its arguments. */
  input: JsonObject;
  /** Commands of one key run one after the other, in the order in which they came. */
  lane: string;
}

export interface CommandOutcome {
  id: string;
  workflowId: string | null;
  problems: Problem[];
  /** What else the mutation's payload has: duplicate, deleted, accepted, stale, lost. */
  [field: string]: unknown;
}

/** What a command came to; `unusable`: there is no such command, or its input does not fit it, and nothing was done. */
export interface CommandAnswer {
  unusable: boolean;
  workflowId: string | null;
  problems: Problem[];
  more: JsonObject;
}

/** @throws FanwireError when it could not be carried out now */
export type RunCommand = (tenant: string, command: string, input: JsonObject, id: string) => Promise<CommandAnswer>;

/** A command, or why the message is none; with the id, if it has one. */
export function readCommand({ key, value }: Pick<KafkaMessage, "key" | "value">): Command | { id?: string; reason: Problem } {
  const refuse = (message: string, id?: string): { id?: string; reason: Problem } => ({ ...(id === undefined ? {} : { id }), reason: problem("COMMAND_INVALID", message) });
  if (value === null) return refuse("The message has no value");
  if (value.length > LIMITS.bodyBytes) return refuse(`The message is larger than ${formatBytes(LIMITS.bodyBytes)}`);
  let content: JsonValue;
  try {
    content = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value)) as JsonValue;
  } catch {
    return refuse("The message is no JSON in UTF-8");
  }
  if (isDeeperThan(content, MAX_DEPTH)) return refuse(`The message is nested more than ${MAX_DEPTH} levels deep`);
  if (!isObject(content)) return refuse("The message is no JSON object");
  const { id, command, input } = content;
  if (typeof id !== "string" || id === "" || id.length > MAX_ID) return refuse(`id must be a string of 1 to ${MAX_ID} characters`);
  if (typeof command !== "string") return refuse("command must be the name of a mutation", id);
  if (!isObject(input)) return refuse("input must be an object of the mutation's arguments", id);
  // Without a key Kafka keeps no order either.
  return { id, command, input, lane: key && key.length > 0 ? `k${key.toString("base64")}` : `i${id}` };
}

/** The same text for the same command, however its JSON is written. */
export function commandText({ command, input }: Command): string {
  return canonicalJson({ command, input });
}
