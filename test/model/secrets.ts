/** The one secret that the model's workers have: how tasks ask for it, and that nothing shows it. */

import { expect } from "vitest";
import { MASK } from "../../src/engine/secrets.js";
import { FanwireError } from "../../src/errors.js";
import type { Scope } from "../../src/workflow/expressions/types.js";
import { SECRETS } from "./handlers.js";

const [[NAME, VALUE]] = [...SECRETS()] as [[string, string]];
const FORMS = [`{{ $secret("${NAME}") }}`, `Bearer {{ $secret("${NAME}") }}`, `{{ {"key": $secret("${NAME}")} }}`, '{{ $secret("NOBODYS") }}'];
export const SECRET_FORMS = FORMS.length;

export function secretPlaceholder(form: number): string {
  return FORMS[form % FORMS.length] as string;
}

/** The scope of an input: nothing that comes of it shows more than the mask. */
export function withMask(scope: Scope): Scope {
  const secret = (name: string): string => {
    if (name !== NAME) throw new FanwireError("SECRET_UNKNOWN", `This worker has no secret ${JSON.stringify(name)}`, { retryable: false });
    return MASK;
  };
  return { get: (name) => scope.get(name), names: () => scope.names(), secret };
}

/** @param shown whatever people can read */
export function expectNoSecret(shown: unknown): void {
  const text = JSON.stringify(shown);
  for (const form of [VALUE, encodeURIComponent(VALUE), Buffer.from(VALUE).toString("base64")]) expect(text.includes(form), "a secret among what can be read").toBe(false);
}
