/** Every template and expression can be parsed. */

import type { Problem } from "../../errors.js";
import type { RuleInput } from "./ruleInput.js";

export function validSyntax({ tasks }: RuleInput): Problem[] {
  return tasks.flatMap(({ syntaxProblems }) => syntaxProblems);
}
