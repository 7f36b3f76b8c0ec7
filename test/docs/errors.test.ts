/** docs/errors.md is what the table of codes says. */

import { expect, test } from "vitest";
import { renderErrors } from "../../scripts/errorDocs.mjs";
import { CODES } from "../../src/errors.js";
import { readPage } from "./markdown.js";

test("docs/errors.md is up to date: `npm run docs`", () => {
  expect(readPage("docs/errors.md")).toBe(renderErrors(CODES));
});

test("every code has one row of four cells, and nothing in it is taken for Markdown or a tag", () => {
  const rows = renderErrors({ PIPE: { meaning: "a | b", hint: "<id> and __proto__", retryable: true }, BARE: { meaning: "Nothing.", retryable: false } })
    .split("\n").filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(["| `PIPE` | a \\| b | &lt;id> and \\_\\_proto\\_\\_ | yes |", "| `BARE` | Nothing. |  | no |"]);
});
