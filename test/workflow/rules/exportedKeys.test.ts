import { expect, test } from "vitest";
import { validateWorkflow } from "../../../src/workflow/validate.js";
import { group, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

const definition = (exports: string[]): ReturnType<typeof workflow> =>
  workflow([group("g", [task("made", { optionalResultKeys: ["maybe"] }), task("reads", { input: "{{ outside }}" })])], { exports, externalKeys: ["outside"] });

test("results, optional ones too, external and initial keys can be exported, each once", () => {
  expectProblems(definition(["made", "maybe", "reads", "outside", "mad", "made", "__proto__"]), [
    { code: "UNKNOWN_KEY", path: "exports[4]", says: ["mad"], hint: ["made"] },
    { code: "DUPLICATE_NAME", path: "exports[5]", says: ["made"] },
    { code: "FORBIDDEN_KEY", path: "exports[6]" },
  ]);
});

test("of a context that is not known yet nothing is said", () => {
  const handlers = { has: () => true, names: () => [] };
  expect(validateWorkflow(definition(["given"]), undefined, handlers)).toEqual([]);
  expect(validateWorkflow(definition(["given"]), { given: 1 }, handlers)).toEqual([]);
  expect(validateWorkflow(definition(["given"]), {}, handlers)).toMatchObject([{ code: "UNKNOWN_KEY", path: "exports[0]" }]);
});
