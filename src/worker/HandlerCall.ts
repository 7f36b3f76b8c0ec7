/** One call of a handler: its context, its deadline, and its answer as JSON. */

import { FanwireError } from "../errors.js";
import { childText, RECHECK_MS, StartChild } from "../engine/children.js";
import { CompleteLater, HandedOver, type Handler, type HandlerAnswer, type HandlerContext } from "../engine/handlers.js";
import { readSignal, signalText, WaitForSignal, type SignalWait } from "../engine/signals.js";
import type { Redactor } from "../engine/Redactor.js";
import type { TaskProgress } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import { Pulse } from "./Pulse.js";

export interface CallAbout {
  workflowId: string;
  /** Address with the item. */
  task: string;
  attempt: number;
  /** Its idempotency key where somebody else has made it; `round` is then without meaning. */
  key?: string;
  /** How often the workflow had been undone and begun anew; absent: never. */
  round?: number | undefined;
  timeoutMs?: number;
  /** How long the handler may be silent, and what is said when it was. */
  silence?: { longestMs: number; message: string };
  /** Of an attempt whose input holds secrets: everything that leaves it goes through this. */
  redactor?: Redactor | undefined;
  onProgress(progress: Omit<TaskProgress, "atMs">): void;
  /** The handler sent a heartbeat; called only with `silence`. */
  onAlive(): void;
  onLog(message: string, data?: JsonValue): void;
  /** Has a sub-workflow run for this attempt. @returns its id */
  startChild(child: StartChild): Promise<string>;
}

/** An answer as JSON text, one to record later (laterMs -1: when it is asked to), or none: somebody else reports. */
export type Answer = Result | { laterMs: number; text: string } | HandedOver;

/** What a handler gave, as the text that is stored; the value is made of the text only for those who ask. */
export class Result {
  #value: JsonValue | undefined;

  /** @param value known to be what the text says; absent: it is parsed when asked for */
  constructor(readonly text: string, value?: JsonValue) {
    this.#value = value;
  }

  static of(value: JsonValue): Result {
    return new Result(JSON.stringify(value), value);
  }

  get value(): JsonValue {
    return (this.#value ??= JSON.parse(this.text) as JsonValue);
  }
}

export class HandlerCall implements HandlerContext {
  /** Made when somebody asks: most calls of light handlers never do. */
  #controller: AbortController | undefined;
  #abortReason: FanwireError | undefined;
  #pulse: Pulse | undefined;
  #onSilent: () => void = () => undefined;
  readonly input: JsonValue;

  constructor(private readonly handler: Handler, input: JsonValue, private readonly about: CallAbout) {
    // Inputs share parts with cached context; only our own handlers are known not to change them.
    this.input = handler.builtIn ? input : deepFreeze(input);
    if (about.silence) this.#pulse = new Pulse(about.silence.longestMs, () => about.onAlive(), () => this.#onSilent());
  }

  get workflowId(): string { return this.about.workflowId; }
  get task(): string { return this.about.task; }
  get attempt(): number { return this.about.attempt; }
  get idempotencyKey(): string { return this.about.key ?? `${this.about.workflowId}/${this.about.task}${this.about.round ? `/${this.about.round}` : ""}`; }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason && !this.#controller.signal.aborted) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  /** Handlers take their context apart ({ input, progress }), so these know their call by themselves. */
  readonly progress = (percent?: number, message?: string, data?: JsonValue): void => {
    this.#pulse?.touch();
    this.about.onProgress(this.#clean({
      ...(percent === undefined ? {} : { percent: Math.min(100, Math.max(0, percent)) }),
      ...(message === undefined ? {} : { message }),
      ...(data === undefined ? {} : { data }),
    }));
  };

  readonly heartbeat = (): void => this.#pulse?.beat();

  readonly log = (message: string, data?: JsonValue): void => {
    const clean = this.#clean(data === undefined ? { message } : { message, data });
    this.about.onLog(clean.message, clean.data);
  };

  abort(reason: FanwireError): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** Synchronous when the handler is. @throws what the handler throws; FanwireError TIMEOUT, RESULT_INVALID */
  run(): Answer | Promise<Answer> {
    const { redactor } = this.about;
    if (redactor) return this.#redacted(redactor);
    const result = this.handler.run(this);
    if (!(result instanceof Promise)) this.#pulse?.stop();
    return result instanceof Promise ? this.#within(result).then((value) => this.#answer(value)) : this.#answer(result);
  }

  async #redacted(redactor: Redactor): Promise<Answer> {
    try {
      const result = await this.#within(Promise.resolve(this.handler.run(this)));
      // A sub-workflow's context is kept, and shown.
      if (result instanceof StartChild) return await this.#followChild(withoutSecrets(result, redactor));
      const answer = await this.#answer(result);
      if (answer instanceof HandedOver) return answer;
      if (answer instanceof Result) return Result.of(redactor.json(answer.value));
      const wait = readSignal(answer.text);
      const text = wait ? signalText(redactor.json(wait as unknown as JsonValue) as unknown as SignalWait) : JSON.stringify(redactor.json(JSON.parse(answer.text) as JsonValue));
      return { ...answer, text };
    } catch (error) {
      throw redactor.error(error);
    }
  }

  /** As the handler gave it, unless its input holds secrets. */
  #clean<T extends object>(said: T): T {
    const { redactor } = this.about;
    return redactor ? (redactor.json(JSON.parse(JSON.stringify(said)) as JsonValue) as T) : said;
  }

  /** The engine's durable timers say the same should this process not live to see it. */
  #within<T>(result: Promise<T>): Promise<T> {
    const { timeoutMs, task, silence } = this.about;
    if (timeoutMs === undefined && !silence) return result;
    return new Promise<T>((resolve, reject) => {
      const giveUp = (message: string): void => {
        const error = new FanwireError("TIMEOUT", message);
        this.abort(error);
        reject(error);
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => giveUp(`An attempt of ${task} took longer than ${timeoutMs} ms`), timeoutMs);
      if (silence) this.#onSilent = () => giveUp(silence.message);
      this.#pulse?.start();
      result.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#pulse?.stop();
      });
    });
  }

  #answer(result: HandlerAnswer): Answer | Promise<Answer> {
    if (result instanceof HandedOver) return result;
    if (result instanceof CompleteLater) return { laterMs: result.delayMs, text: JSON.stringify(result.result) };
    if (result instanceof WaitForSignal) return { laterMs: result.wait.timeoutMs ?? -1, text: signalText(result.wait) };
    if (result instanceof StartChild) return this.#followChild(result);
    const text = textOf(result, this.about.task);
    return this.handler.builtIn ? new Result(text, result ?? null) : new Result(text);
  }

  /** The attempt's time counts on while the sub-workflow runs. */
  async #followChild(child: StartChild): Promise<Answer> {
    const { timeoutMs } = this.about;
    const childId = await this.about.startChild(child);
    return { laterMs: Math.min(RECHECK_MS, timeoutMs ?? RECHECK_MS), text: childText({ childId, ...(timeoutMs === undefined ? {} : { untilMs: Date.now() + timeoutMs }) }) };
  }
}

function withoutSecrets({ definitionName, version, context }: StartChild, redactor: Redactor): StartChild {
  return new StartChild(definitionName, version, context === undefined ? undefined : redactor.json(context));
}

/** A handler that tries to change its input gets a TypeError. What is frozen at the top was frozen whole. */
function deepFreeze(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value) as JsonValue;
}

function textOf(result: JsonValue | undefined, task: string): string {
  try {
    // Answers undefined for functions and symbols, whatever the types say.
    const text = JSON.stringify(result ?? null) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new FanwireError("RESULT_INVALID", `The result of ${task} cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new FanwireError("RESULT_INVALID", `The result of ${task} is a ${typeof result}, which is no JSON`);
}
