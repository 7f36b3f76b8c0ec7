/** Sends events to their topic in requests that brokers take: in order, and behind each other. */

import { FanwireError } from "../../errors.js";
import type { WorkflowEvent } from "../../workflow/events.js";
import { cloudEvent, type EventMessage } from "./cloudEvent.js";
import type { KafkaClient } from "./KafkaClient.js";

export interface EventSenderServices {
  client: Pick<KafkaClient, "send">;
  topic: string;
  /** CloudEvents' `source`. */
  source: string;
  /** Asked before each request; false ends the sending. */
  mayGoOn(): Promise<boolean>;
}

/** Of one request; brokers take 1 MiB by default, for all messages of a partition together. */
const MOST_BYTES = 900_000;
/** What Kafka adds to a message, at most: lengths, times, names of headers. */
const MESSAGE_OVERHEAD_BYTES = 200;
const MOST_MESSAGES = 2_000;

export class EventSender {
  #batch: EventMessage[] = [];
  #bytes = 0;
  #sent = 0;

  constructor(private readonly services: EventSenderServices) {}

  /** Events that Kafka has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Forgets what has not been sent. */
  clear(): void {
    this.#batch = [];
    this.#bytes = 0;
  }

  /** @returns false when it may not go on @throws FanwireError KAFKA_FAILED; then what was added since the last flush is to be sent again */
  async add(event: WorkflowEvent): Promise<boolean> {
    const made = this.#message(event);
    const size = sizeOf(made);
    if (this.#batch.length > 0 && (this.#bytes + size > MOST_BYTES || this.#batch.length >= MOST_MESSAGES) && !(await this.flush())) return false;
    this.#batch.push(made);
    this.#bytes += size;
    return true;
  }

  /** Resolves when Kafka has all that was added. @returns false when it may not go on @throws FanwireError KAFKA_FAILED */
  async flush(): Promise<boolean> {
    const batch = this.#batch;
    this.clear();
    return batch.length === 0 || this.#send(batch);
  }

  #message(event: WorkflowEvent): EventMessage {
    const made = cloudEvent(event, this.services.source);
    return sizeOf(made) > MOST_BYTES ? cloudEvent(event, this.services.source, true) : made;
  }

  async #send(messages: readonly EventMessage[]): Promise<boolean> {
    if (!(await this.services.mayGoOn())) return false;
    try {
      await this.services.client.send([{ topic: this.services.topic, messages: [...messages] }]);
      this.#sent += messages.length;
      return true;
    } catch (error) {
      if (!(error instanceof FanwireError) || error.code !== "LIMIT_EXCEEDED") throw error;
      return this.#sendSmaller(messages);
    }
  }

  /** For brokers that take less than is usual. */
  async #sendSmaller(messages: readonly EventMessage[]): Promise<boolean> {
    if (messages.length > 1) {
      const half = Math.ceil(messages.length / 2);
      return (await this.#send(messages.slice(0, half))) && this.#send(messages.slice(half));
    }
    const [only] = messages as [EventMessage];
    const { data, ...attributes } = JSON.parse(only.value) as { data: Record<string, unknown>; bodyomitted?: boolean };
    if (attributes.bodyomitted) throw new FanwireError("KAFKA_FAILED", `Kafka takes no message of ${only.value.length} characters on ${this.services.topic}`);
    const omitted = Object.fromEntries(["result", "progress", "error"].filter((field) => field in data).map((field) => [field, null]));
    return this.#send([{ ...only, value: JSON.stringify({ ...attributes, bodyomitted: true, data: { ...data, ...omitted } }) }]);
  }
}

function sizeOf({ key, value }: EventMessage): number {
  return Buffer.byteLength(value) + key.length + MESSAGE_OVERHEAD_BYTES;
}
