/** Writes docs/configuration.md from the table of settings; run after a build. */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** The whole page; the same settings always give the same text. */
export function renderConfiguration(settings) {
  const rows = settings.map(({ name, fileKey, type, defaultText, description }) =>
    `| \`${name}\` | \`${fileKey}\` | ${type} | ${defaultText === undefined ? "" : `\`${defaultText}\``} | ${description} |`);
  return [
    "# Configuration",
    "",
    "<!-- Generated from src/settings.ts by `npm run docs`; a test fails when it is out of date. -->",
    "",
    "Settings come from environment variables and from one file: the one that `FANWIRE_CONFIG` names, else `fanwire.config.yaml` or",
    "`fanwire.config.json` in the working directory. A variable wins over the file. At start every problem is listed at once, and a name",
    "that is no setting is a problem too: any other key in the file, and any other variable that starts with `FANWIRE_`",
    "(`FANWIRE_TEST_...` aside, which is left to test suites, and `FANWIRE_SECRET_...`, which holds a secret).",
    "",
    "| variable | in the file | value | default | meaning |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "Durations are written with their unit: `500ms`, `30s`, `15m`, `12h`, `7d`, or in ISO 8601: `PT30S`. Sizes are in bytes, or have a unit: `300KiB`, `2MiB`. The limits (`MAX_...`, `PAGE_...`)\nhold for a process; give all processes of a deployment the same.",
    "",
    "```yaml",
    "# fanwire.config.yaml",
    "port: 4000",
    "retention: 30d",
    "redisDurability: always",
    "```",
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { SETTINGS } = await import("../dist/settings.js");
  await writeFile(new URL("../docs/configuration.md", import.meta.url), renderConfiguration(SETTINGS));
}
