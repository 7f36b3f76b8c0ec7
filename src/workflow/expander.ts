/** What an expander is: code that gives the items of a custom expansion, registered under a name that definitions use. */

import { FanwireError } from "../errors.js";
import { customItems } from "./combinations.js";
import type { Scope } from "./expressions/types.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind } from "./jsonTree.js";

export interface ExpanderContext<Args = JsonValue> {
  /** Templates resolved; null when the definition has none. Not to be changed. */
  args: Args;
  /** The context keys that the task reads or declares as dependencies, those that have values. */
  context: JsonObject;
  /** Fires when its time is up, or the claim on the task is lost. */
  signal: AbortSignal;
}

export interface Expander {
  readonly name: string;
  readonly description: string;
  /** How long it may take, in ms: 1 to 600,000, by default 30,000. */
  readonly timeoutMs?: number;
  /**
   * The variables of each item: a list of objects, in item order, at most 1,000,000. What it throws fails the task's
   * attempt: with the code of a FanwireError, else EXPANDER_ERROR.
   */
  expand(context: ExpanderContext): readonly JsonObject[] | Promise<readonly JsonObject[]>;
}

const EXPANDER_NAME = /^[A-Za-z_][\w.:-]{0,127}$/;
const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 600_000;

/** Letters, digits and `_ . : -`, at most 128, the first a letter or `_`. */
export function isExpanderName(name: string): boolean {
  return EXPANDER_NAME.test(name);
}

/**
 * The expander as it is, checked.
 * @throws FanwireError INVALID_VALUE for a name or a time limit that cannot be
 */
export function checkExpander(expander: Expander): Expander {
  const { name, timeoutMs } = expander;
  if (!isExpanderName(name)) throw new FanwireError("INVALID_VALUE", `${JSON.stringify(name)} is no name for an expander`);
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMEOUT_MS)) {
    throw new FanwireError("INVALID_VALUE", `The expander ${name} may take from 1 to ${LONGEST_TIMEOUT_MS} ms, not ${timeoutMs}`);
  }
  return expander;
}

/** Registered expanders by name, as far as an expansion needs them. */
export interface Expanders {
  get(name: string): Expander | undefined;
}

/**
 * Runs an expander once.
 * @param signal of whoever waits for it
 * @throws FanwireError EXPANDER_ERROR, TIMEOUT, EXPANSION_NOT_LIST, EXPANSION_TOO_LARGE, FORBIDDEN_KEY, CANCELLED, or its own
 */
export async function runExpander(expander: Expander, args: JsonValue, scope: Scope, signal: AbortSignal): Promise<JsonObject[]> {
  const { name, timeoutMs = DEFAULT_TIMEOUT_MS } = expander;
  const late = AbortSignal.timeout(timeoutMs);
  const stop = AbortSignal.any([signal, late]);
  const given = await untilAborted(stop, async () => expander.expand({ args: structuredClone(args), context: contextOf(scope), signal: stop })).catch((error: unknown) => {
    if (late.aborted && stop.reason === late.reason) throw new FanwireError("TIMEOUT", `The expander ${name} took longer than ${timeoutMs} ms`);
    if (error instanceof FanwireError) throw error;
    throw new FanwireError("EXPANDER_ERROR", `The expander ${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  return customItems(asJsonList(name, given));
}

function contextOf(scope: Scope): JsonObject {
  const names = [...scope.names()].filter((name) => !name.startsWith("$"));
  return structuredClone(Object.fromEntries(names.map((name) => [name, scope.get(name) as JsonValue])));
}

/** The work's own end, or the signal's reason, whichever comes first. */
function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    work().then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** As it will be read back: what is no JSON is found here, and nothing of it is shared with the expander. */
function asJsonList(name: string, given: unknown): JsonValue[] {
  let list: JsonValue | undefined;
  try {
    list = JSON.parse(JSON.stringify(given) ?? "null") as JsonValue;
  } catch (error) {
    throw new FanwireError("EXPANSION_NOT_LIST", `What the expander ${name} gives cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (Array.isArray(list)) return list;
  throw new FanwireError("EXPANSION_NOT_LIST", `The expander ${name} gives ${describeKind(list)}, not a list`);
}
