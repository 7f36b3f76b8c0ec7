/** docs/dependencies.md lists what package.json asks for, with the versions and licences that are installed. */

import { expect, test } from "vitest";
import { readPage, tableRows } from "./markdown.js";

interface Manifest {
  version: string;
  license?: string;
  licenses?: { type: string }[];
}

type Versions = Record<string, string>;

const page = readPage("docs/dependencies.md");
const manifest = JSON.parse(readPage("package.json")) as { dependencies: Versions; devDependencies: Versions; overrides: Versions };

function licenceOf(name: string): string {
  const { license, licenses } = JSON.parse(readPage(`node_modules/${name}/package.json`)) as Manifest;
  if (typeof license === "string") return license;
  const all = Array.isArray(license) ? (license as { type: string }[]) : licenses;
  return all?.map(({ type }) => type).join(", ") ?? "";
}

test.each([
  ["What the server needs", manifest.dependencies],
  ["What building and testing need", manifest.devDependencies],
  ["Overrides", manifest.overrides],
])("%s: exactly the packages, versions and licences", (heading, versions) => {
  const rows = tableRows(page, heading);
  expect(rows.map(([name, version, licence]) => [name, version, licence])).toEqual(
    Object.entries(versions).map(([name, version]) => [name, version, licenceOf(name)]),
  );
});

test("each has a reason of one line", () => {
  const rows = ["What the server needs", "What building and testing need", "Overrides"].flatMap((heading) => tableRows(page, heading));
  for (const [name, , , reason] of rows) expect(reason, name).toMatch(/^\S.{15,}\.$/);
});
