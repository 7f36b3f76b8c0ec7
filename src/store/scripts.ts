/** Loads the Lua scripts, resolves their includes, and calls them with deadlines and the right answer to each transport error. */

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import type { Redis } from "./connect.js";
import { FanwireError } from "../errors.js";
import { isCluster } from "./connect.js";
import { wholeSlotKey } from "./keys.js";
import { isPassingError } from "./passingErrors.js";
import type { Replicas } from "./Replicas.js";

const FOLDER = new URL("./lua/", import.meta.url);

export const SCRIPT_NAMES = [
  "submitWorkflow", "claimTasks", "completeTasks", "heartbeatTasks", "cancelWorkflow", "dueTimers", "storeItems", "deleteWorkflow", "registerDefinition",
  "claimSeparately", "registerWorker", "queueState", "priorityLanes", "workflowHeaders",
  "pauseWorkflow", "resumeWorkflow", "provideContext", "signalTask", "retryWorkflow",
  "joinSession", "exportToSession", "leaveSession", "settleSession", "shareSession",
  "holdRelay", "recordCommand",
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly body: string;
  readonly sha: string;
  readonly numberOfKeys: number;
}

/**
 * How many steps a shard's feed keeps, about: Redis cuts off whole nodes. A step of ordinary work takes some 50 bytes, one of bulk
 * work up to some KB; either way it is a small part of what its workflows take while they are kept.
 */
export const DEFAULT_FEED_LENGTH = 1_000_000;

/** The text of a script with `--- @include name` lines replaced and its setting filled in. The shebang must stay the first line. */
export function resolveScript(name: ScriptName, feedLength = DEFAULT_FEED_LENGTH): Script {
  const source = readFileSync(new URL(`${name}.lua`, FOLDER), "utf8");
  let madeWhenUsed = "";
  const body = source.replace(/^--- @include (\w+)( when used)?$/gm, (_line, part: string, whenUsed?: string) => {
    const text = readFileSync(new URL(`include/${part}.lua`, FOLDER), "utf8").trimEnd();
    if (!whenUsed) return text;
    for (const [, made] of text.matchAll(/^function F\.(\w+)\(/gm)) madeWhenUsed += ` ${made}=${part}`;
    // A function of its own, which include/base.lua calls when one of those in it is first asked for.
    return `makers.${part} = function()\n${text}\nend`;
  }).replaceAll("$FEED_LENGTH", String(feedLength)).replace("$MADE_WHEN_USED", () => madeWhenUsed);
  const keys = new Set([...source.matchAll(/^-- KEYS\[(\d+)\]/gm)].map((match) => match[1]));
  return { name, body, sha: createHash("sha1").update(body).digest("hex"), numberOfKeys: keys.size };
}

export function scriptFiles(): string[] {
  return readdirSync(FOLDER).filter((file) => file.endsWith(".lua")).map((file) => file.slice(0, -4));
}

/** How long a call is tried again before it is UNAVAILABLE. */
const DEADLINE_MS = 20_000;

export class Scripts {
  readonly #scripts = new Map<ScriptName, Script>();

  /**
   * @param feedLength about how many steps the feed of a shard keeps
   * @param replicas that must have what a script did before it is answered
   */
  constructor(private readonly redis: Redis, feedLength?: number, private readonly replicas?: Replicas) {
    for (const name of SCRIPT_NAMES) this.#scripts.set(name, resolveScript(name, feedLength));
  }

  /**
   * Runs a script. Every script may run twice (a lost reply is asked for again), and is written for that. On a cluster it runs where its whole
   * slot is, or not at all: while a slot moves from node to node, it waits.
   * @throws FanwireError UNAVAILABLE when Redis cannot be reached, or cannot take the write, until the deadline.
   */
  async call<Reply>(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    const script = this.#scripts.get(name) as Script;
    if (keys.length !== script.numberOfKeys) throw new Error(`${name} takes ${script.numberOfKeys} keys, got ${keys.length}`);
    const named = isCluster(this.redis) ? [...keys, wholeSlotKey(keys[0] as string)] : keys;
    const deadline = Date.now() + DEADLINE_MS;
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
      try {
        return (await this.#evaluate(script, named, args)) as Reply;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message.startsWith("OOM")) throw new FanwireError("UNAVAILABLE", "Redis has no memory left for new workflows", { cause: error });
        if (!isPassingError(message)) throw error;
        if (Date.now() + pauseMs > deadline) throw new FanwireError("UNAVAILABLE", `Redis did not take ${name}: ${message}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
      }
    }
  }

  async #evaluate(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#send("evalsha", script.sha, keys, args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return this.#send("eval", script.body, keys, args);
    }
  }

  #send(command: "eval" | "evalsha", script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (!this.replicas) return this.redis[command](script, keys.length, ...keys, ...args);
    return this.replicas.confirmed(keys[0] as string, (pipeline) => pipeline[command](script, keys.length, ...keys, ...args));
  }
}
