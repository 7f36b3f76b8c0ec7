/** Secrets as an attempt may use them: values by name, and whatever leaves the attempt without them. */

import { FanwireError } from "../errors.js";
import type { Scope } from "../workflow/expressions/types.js";
import type { JsonValue } from "../workflow/json.js";
import { Redactor } from "./Redactor.js";

/** What stands wherever a secret's value would. */
export const MASK = "***";

/** The secrets of one process. Nothing that prints or serialises it shows a value. */
export class Secrets {
  readonly #values: ReadonlyMap<string, string>;
  readonly #redactors = new Map<string, Redactor>();

  constructor(values: Iterable<readonly [name: string, value: string]> = []) {
    this.#values = new Map(values);
  }

  /** The value. @throws FanwireError SECRET_UNKNOWN: says nothing of the names that there are */
  resolve(name: string): string {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    throw new FanwireError("SECRET_UNKNOWN", `This worker has no secret ${JSON.stringify(name)}`, { retryable: false });
  }

  /** Takes the values of these secrets, as far as they are known here, out of whatever it is given. */
  redactor(names: readonly string[]): Redactor {
    const key = names.join();
    let redactor = this.#redactors.get(key);
    // There are as many kinds as tasks that use secrets; the few that are kept are those in use.
    if (this.#redactors.size > 1_000) this.#redactors.clear();
    if (!redactor) this.#redactors.set(key, (redactor = new Redactor(names.flatMap((name) => this.#values.get(name) ?? []), MASK)));
    return redactor;
  }
}

/** How the attempts of one kind of worker come to secrets: `resolve` may refuse. */
export interface SecretSource {
  resolve(name: string): string;
  redactor(names: readonly string[]): Redactor;
}

/** For workers elsewhere, which get secrets over the network: they are refused unless configuration allows it. */
export function remoteSecrets(secrets: Secrets, allowed: boolean): SecretSource {
  if (allowed) return secrets;
  return {
    resolve(name) {
      throw new FanwireError("SECRET_REMOTE", `The secret ${JSON.stringify(name)} is not given to a remote worker`, { retryable: false });
    },
    redactor: (names) => secrets.redactor(names),
  };
}

/** The scope with `$secret`, for templates that ask for secrets. */
export function withSecrets(scope: Scope, resolve: (name: string) => string): Scope {
  return { get: (name) => scope.get(name), names: () => scope.names(), secret: resolve };
}

/** What people are shown of a template that asks for secrets. */
export function masked(scope: Scope): Scope {
  return withSecrets(scope, () => MASK);
}

/**
 * Renders an input, with the secrets it asks for; what fails on the way does not carry them.
 * @throws FanwireError as CompiledTemplate.render, and SECRET_UNKNOWN, SECRET_REMOTE
 */
export async function renderWithSecrets(
  template: { secrets: readonly string[]; render(scope: Scope): JsonValue | Promise<JsonValue> }, scope: Scope, source: SecretSource,
): Promise<JsonValue> {
  try {
    return await template.render(withSecrets(scope, (name) => source.resolve(name)));
  } catch (error) {
    throw source.redactor(template.secrets).error(error);
  }
}
