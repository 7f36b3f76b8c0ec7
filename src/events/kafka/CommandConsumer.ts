/**
 * Takes commands from Kafka: carries each out once, tells the outcome, sets aside what is no command. The offset moves only
 * behind messages whose outcome Kafka has; what comes again after a crash or a rebalance finds its outcome recorded.
 */

import type { Consumer, EachBatchPayload, KafkaMessage, Message } from "kafkajs";
import { FanwireError, problem, type Problem } from "../../errors.js";
import type { RedisBridge } from "../../store/RedisBridge.js";
import { BridgeLoop } from "./BridgeLoop.js";
import { commandText, readCommand, type Command, type CommandOutcome, type RunCommand } from "./commands.js";
import type { BridgeLog, KafkaClient, TopicMessages } from "./KafkaClient.js";
import type { BridgeTopics } from "./topics.js";

export interface CommandConsumerServices {
  client: Pick<KafkaClient, "send" | "consumer" | "ensureTopics">;
  bridge: Pick<RedisBridge, "recordCommand">;
  topics: BridgeTopics;
  tenant: string;
  run: RunCommand;
  log: BridgeLog;
}

/** Messages whose offset moves together. */
const CHUNK = 100;
/** Commands of one chunk that run at the same time. */
const AT_ONCE = 16;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5_000;
/** After so many tries a command that fails for no known reason is set aside. */
const MOST_TRIES = 5;

/** How messages on the topic of commands have fared since the start; one that comes again counts again. */
export interface CommandCounts {
  consumed: number;
  /** Those that were carried out, whatever came of it. */
  carriedOut: number;
  /** Those that had been carried out before, and were answered again. */
  repeated: number;
  /** Tries that failed and were made again: Redis or Kafka away, or a defect. */
  failedTries: number;
  deadLetters: number;
}

/** Somebody else has the partition now: what is not done is theirs. */
class Revoked extends Error {}

interface Answers { results: Message[]; deadLetters: Message[] }

export class CommandConsumer {
  readonly counts: CommandCounts = { consumed: 0, carriedOut: 0, repeated: 0, failedTries: 0, deadLetters: 0 };
  readonly #loop: BridgeLoop;

  constructor(private readonly services: CommandConsumerServices) {
    this.#loop = new BridgeLoop({
      round: () => this.#round(),
      onError: (error) => services.log.warn({ err: messageOf(error) }, "commands cannot be taken from Kafka; trying again"),
      firstBackoffMs: FIRST_BACKOFF_MS, lastBackoffMs: LAST_BACKOFF_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** With a new consumer each time: one that has crashed is not used again. */
  async #round(): Promise<void> {
    const { client, topics } = this.services;
    const consumer = client.consumer(topics.commands);
    try {
      await client.ensureTopics(Object.values(topics));
      await this.#consume(consumer);
    } finally {
      await consumer.disconnect().catch(() => undefined);
    }
  }

  /** Until the bridge stops. @throws the error that the consumer crashed with */
  async #consume(consumer: Consumer): Promise<void> {
    const crashed = new Promise<never>((_, reject) => { consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error)); });
    crashed.catch(() => undefined);
    await consumer.connect();
    // From the beginning: a command that was sent before the first server came is one all the same.
    await consumer.subscribe({ topics: [this.services.topics.commands], fromBeginning: true });
    await consumer.run({
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 3,
      eachBatch: async (payload) => {
        this.#loop.progressed();
        await this.#takeBatch(payload);
      },
    });
    while (!this.#loop.stopped) await Promise.race([crashed, this.#loop.sleep(60_000)]);
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    const { messages } = payload.batch;
    for (let from = 0; from < messages.length; from += CHUNK) {
      const chunk = messages.slice(from, from + CHUNK);
      try {
        await this.#takeChunk(payload, chunk);
      } catch (error) {
        if (error instanceof Revoked) return;
        throw error;
      }
      payload.resolveOffset((chunk.at(-1) as KafkaMessage).offset);
      await payload.heartbeat();
    }
  }

  async #takeChunk(payload: EachBatchPayload, messages: readonly KafkaMessage[]): Promise<void> {
    const answers: Answers = { results: [], deadLetters: [] };
    this.counts.consumed += messages.length;
    const lanes = new Map<string, (() => Promise<void>)[]>();
    for (const message of messages) {
      const read = readCommand(message);
      if ("reason" in read) this.#setAside(answers, payload, message, read.reason, read.id);
      else lanes.set(read.lane, [...(lanes.get(read.lane) ?? []), () => this.#carryOut(answers, payload, message, read)]);
    }
    const beating = setInterval(() => { payload.heartbeat().catch(() => undefined); }, 1_000);
    try {
      await inParallel([...lanes.values()], AT_ONCE);
      await this.#again(payload, async () => {
        const batches: TopicMessages[] = [
          { topic: this.services.topics.results, messages: answers.results }, { topic: this.services.topics.deadLetters, messages: answers.deadLetters },
        ].filter((batch) => batch.messages.length > 0);
        if (batches.length > 0) await this.#answer(batches);
      });
    } finally {
      clearInterval(beating);
    }
  }

  async #carryOut(answers: Answers, payload: EachBatchPayload, message: KafkaMessage, command: Command): Promise<void> {
    const { bridge, tenant } = this.services;
    const says = commandText(command);
    const { code, outcome } = await this.#again(payload, () => bridge.recordCommand(tenant, command.id, says));
    if (code === "CONFLICT") {
      const message_ = `The id ${JSON.stringify(command.id)} stands for another command`;
      this.#answerTo(answers, { id: command.id, workflowId: null, problems: [problem("IDEMPOTENCY_CONFLICT", message_, "id", "Use a new id for a new command.")] });
    } else if (code === "DONE") {
      this.counts.repeated += 1;
      this.#answerTo(answers, JSON.parse(outcome) as CommandOutcome);
    } else {
      const made = await this.#made(payload, command);
      if (!made.unusable) this.counts.carriedOut += 1;
      const recorded = await this.#again(payload, () => bridge.recordCommand(tenant, command.id, says, JSON.stringify(made.outcome)));
      if (made.unusable) this.#deadLetter(answers, payload, message, made.outcome.problems[0] as Problem);
      this.#answerTo(answers, JSON.parse(recorded.outcome) as CommandOutcome);
    }
  }

  /** Redis away is waited for; a command that goes on failing otherwise is given up, so that those behind it come to their turn. */
  async #made(payload: EachBatchPayload, { id, command, input }: Command): Promise<{ unusable: boolean; outcome: CommandOutcome }> {
    let tries = 0;
    return this.#again(payload, async () => {
      try {
        const { unusable, workflowId, problems, more } = await this.services.run(this.services.tenant, command, input, id);
        return { unusable, outcome: { id, workflowId, problems, ...more } };
      } catch (error) {
        if ((error instanceof FanwireError && error.code === "UNAVAILABLE") || ++tries < MOST_TRIES) throw error;
        this.services.log.error({ err: error, id, command }, "a command from Kafka failed again and again, and was set aside");
        const reason = error instanceof FanwireError ? error : new FanwireError("INTERNAL", "Something failed that should not have");
        return { unusable: true, outcome: { id, workflowId: null, problems: [{ code: reason.code, message: reason.message }] } };
      }
    });
  }

  #answerTo(answers: Answers, outcome: CommandOutcome): void {
    answers.results.push({ key: outcome.id, value: JSON.stringify(outcome), headers: { "content-type": "application/json" } });
  }

  /** Who sent it and waits for an answer gets one where the id can be read. */
  #setAside(answers: Answers, payload: EachBatchPayload, message: KafkaMessage, reason: Problem, id: string | undefined): void {
    this.#deadLetter(answers, payload, message, reason);
    if (id !== undefined) this.#answerTo(answers, { id, workflowId: null, problems: [reason] });
  }

  /** The message as it came; why and whence in its headers. */
  #deadLetter(answers: Answers, { batch }: EachBatchPayload, { key, value, offset, headers }: KafkaMessage, reason: Problem): void {
    this.counts.deadLetters += 1;
    answers.deadLetters.push({
      key, value,
      headers: { ...headers, reason: reason.code, "reason-message": reason.message.slice(0, 1_000), topic: batch.topic, partition: String(batch.partition), offset },
    });
  }

  /** Messages that are too large to be set aside whole are told of without their values. */
  async #answer(batches: TopicMessages[]): Promise<void> {
    try {
      await this.services.client.send(batches);
    } catch (error) {
      if (!(error instanceof FanwireError) || error.code !== "LIMIT_EXCEEDED") throw error;
      for (const { topic, messages } of batches) {
        for (const message of messages) await this.services.client.send([{ topic, messages: [message] }]).catch(async (failure: unknown) => {
          if (!(failure instanceof FanwireError) || failure.code !== "LIMIT_EXCEEDED") throw failure;
          await this.services.client.send([{ topic, messages: [{ ...message, value: null, headers: { ...message.headers, "value-omitted": "true" } }] }]);
        });
      }
    }
  }

  /** Tries until it works. @throws Revoked when the partition is another's by then */
  async #again<T>(payload: EachBatchPayload, work: () => Promise<T>): Promise<T> {
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS)) {
      if (this.#loop.stopped || payload.isStale() || !payload.isRunning()) throw new Revoked();
      try {
        return await work();
      } catch (error) {
        if (error instanceof Revoked) throw error;
        this.counts.failedTries += 1;
        this.services.log.warn({ err: messageOf(error) }, "a command from Kafka could not be carried out or answered now; trying again");
        await new Promise((resolve) => setTimeout(resolve, backoffMs));
      }
    }
  }
}

/** Each lane's steps one after the other, at most so many lanes at once. Ends when all have ended; @throws the first error */
async function inParallel(lanes: readonly (() => Promise<void>)[][], most: number): Promise<void> {
  let next = 0;
  const ended = await Promise.allSettled(Array.from({ length: Math.min(most, lanes.length) }, async () => {
    for (let lane = lanes[next++]; lane; lane = lanes[next++]) for (const step of lane) await step();
  }));
  const failed = ended.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
