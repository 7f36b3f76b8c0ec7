/** A task's input for one attempt, with the secrets that it asks for, and what keeps them from leaving the attempt. */

import type { Redactor } from "../engine/Redactor.js";
import { renderWithSecrets, type SecretSource } from "../engine/secrets.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { Scope } from "../workflow/expressions/types.js";
import type { JsonValue } from "../workflow/json.js";
import type { PlanNode } from "../workflow/plan.js";

/** Synchronous when all its expressions are. @throws FanwireError as CompiledTemplate.render, and SECRET_UNKNOWN, SECRET_REMOTE */
export function renderInput(node: PlanNode, scope: Scope, secrets: SecretSource): JsonValue | Promise<JsonValue> {
  const { input } = compiledTask(node);
  return input.secrets.length > 0 ? renderWithSecrets(input, scope, secrets) : input.render(scope);
}

/** Undefined for a task that uses no secrets. */
export function redactorOf(node: PlanNode, secrets: SecretSource): Redactor | undefined {
  const { input } = compiledTask(node);
  return input.secrets.length > 0 ? secrets.redactor(input.secrets) : undefined;
}
