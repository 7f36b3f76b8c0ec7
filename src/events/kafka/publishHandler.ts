/** The handler `kafka.publish`: writes one message to a topic. */

import type { Handler, HandlerContext } from "../../engine/handlers.js";
import { FanwireError } from "../../errors.js";
import { isObject, type JsonObject, type JsonValue } from "../../workflow/json.js";
import type { KafkaClient } from "./KafkaClient.js";
import { topicProblem, type BridgeTopics } from "./topics.js";

const FIELDS = ["topic", "key", "headers", "value"];

/** @param kafka absent: this process has no brokers, and each attempt fails with KAFKA_OFF */
export function publishHandler(kafka?: { client: Pick<KafkaClient, "send">; topics: BridgeTopics }): Handler {
  return {
    name: "kafka.publish",
    description: "Writes a message to a topic of Kafka: a string as it is, null as a tombstone, anything else as JSON.",
    builtIn: true,
    inputSchema: {
      type: "object",
      properties: {
        topic: { type: "string", pattern: "^[A-Za-z0-9._-]{1,249}$" },
        key: { type: ["string", "null"], description: "Messages of one key keep their order." },
        headers: { type: ["object", "null"], additionalProperties: { type: "string" } },
        value: { description: "Anything." },
      },
      required: ["topic"],
      additionalProperties: false,
    },
    outputSchema: { type: "object", properties: { partition: { type: "integer" }, offset: { type: "integer" } } },
    async run({ input }: HandlerContext) {
      if (!kafka) throw new FanwireError("KAFKA_OFF", "kafka.publish needs KAFKA_BROKERS, which this process has not", { retryable: false });
      const { topic, key, headers, value } = readInput(input, kafka.topics);
      const [written] = await kafka.client.send([{ topic, messages: [{ key, headers, value }] }]);
      return { partition: written?.partition ?? 0, offset: Number(written?.baseOffset ?? 0) };
    },
  };
}

/** @throws FanwireError INPUT_INVALID, which never repeats a value: it may be a secret */
function readInput(input: JsonValue, topics: BridgeTopics): { topic: string; key: string | null; headers: Record<string, string>; value: string | null } {
  if (!isObject(input)) throw invalid("input", `must be an object with the fields ${FIELDS.join(", ")}`);
  for (const field of Object.keys(input)) if (!FIELDS.includes(field)) throw invalid(field, `is not a field of this handler; it has ${FIELDS.join(", ")}`);
  const { topic, key = null, headers = null, value = null } = input as JsonObject;
  if (typeof topic !== "string") throw invalid("topic", "must be a string");
  const wrong = topicProblem(topic, topics);
  if (wrong !== undefined) throw invalid("topic", wrong);
  if (key !== null && typeof key !== "string") throw invalid("key", "must be a string");
  return { topic, key, headers: readHeaders(headers), value: value === null || typeof value === "string" ? value : JSON.stringify(value) };
}

function readHeaders(headers: JsonValue): Record<string, string> {
  if (headers === null) return {};
  if (!isObject(headers)) throw invalid("headers", "must be an object of strings");
  for (const [name, value] of Object.entries(headers)) if (typeof value !== "string") throw invalid(`headers.${name}`, "must be a string");
  return headers as Record<string, string>;
}

function invalid(field: string, expectation: string): FanwireError {
  return new FanwireError("INPUT_INVALID", `${field} ${expectation}`, { retryable: false, details: { field } });
}
