/** Writes docs/faults.md from test/faults/catalogue.json. */

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const proof = ([file, name]) => `[${name.replaceAll("|", "\\|")}](../${file})`;
const proofs = (tests = []) => tests.map(proof).join("<br>");

/** The whole page. */
export function renderFaults({ invariants, faults }) {
  return [
    "# What may fail, and what holds all the same",
    "",
    "Made from [the catalogue](../test/faults/catalogue.json) by `npm run docs`; a test looks whether every test that it names is there. `npm run faults` runs",
    "them with fresh seeds and prints this table with what came of it; `npm run faults -- --only T9` one row, `--runs 5` all of it five times. They use real",
    "processes, a real Redis and a real Kafka, which are killed, frozen, cut off and filled up. After each of them [every key is",
    "checked](architecture.md#what-must-always-be-true-of-the-keys).",
    "",
    "## What holds",
    "",
    "| | promise | proved by | shown to notice a breach by |",
    "|---|---|---|---|",
    ...invariants.map(({ id, promise, tests, controls }) => `| ${id} | ${promise} | ${proofs(tests)} | ${proofs(controls)} |`),
    "",
    "## What may fail",
    "",
    "| | fault | tested by |",
    "|---|---|---|",
    ...faults.map(({ id, fault, tests, not }) => `| ${id} | ${fault} | ${not === undefined ? proofs(tests) : `Not in a test. ${not}`} |`),
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const catalogue = JSON.parse(await readFile(new URL("../test/faults/catalogue.json", import.meta.url), "utf8"));
  await writeFile(new URL("../docs/faults.md", import.meta.url), renderFaults(catalogue));
}
