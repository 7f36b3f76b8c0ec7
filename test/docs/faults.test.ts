/** docs/faults.md says what the catalogue says, and every test that it names is there. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderFaults, type Catalogue } from "../../scripts/faultDocs.mjs";
import { readPage } from "./markdown.js";

const ROOT = join(import.meta.dirname, "../..");
const catalogue = JSON.parse(readFileSync(join(ROOT, "test/faults/catalogue.json"), "utf8")) as Catalogue;
const numbered = (letter: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);

test("docs/faults.md is up to date: `npm run docs`", () => {
  expect(renderFaults(catalogue)).toBe(readPage("docs/faults.md"));
});

test("no row is missing", () => {
  expect(catalogue.invariants.map(({ id }) => id)).toEqual(numbered("I", 14));
  expect(catalogue.faults.map(({ id }) => id)).toEqual(numbered("T", 33));
});

test("every row has a test that is there, or says why it has none", () => {
  const missing = [...catalogue.invariants, ...catalogue.faults].flatMap(({ id, tests = [], ...more }) => {
    const named = [...tests, ...("controls" in more ? (more.controls ?? []) : [])];
    if (tests.length === 0 && !("not" in more)) return [`${id} has none`];
    return named.flatMap(([file, name]) => (readFileSync(join(ROOT, file), "utf8").includes(`"${name}"`) ? [] : [`${id}: ${file} > ${name}`]));
  });
  expect(missing).toEqual([]);
});
