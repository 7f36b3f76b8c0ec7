/** Links of the documentation lead somewhere, and commands that it names exist. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "../cli/runCli.js";
import { headingFragments, readPage, relativeLinks, ROOT } from "./markdown.js";

const PAGES = ["README.md", "client-examples/README.md", ...readdirSync(`${ROOT}docs`).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];

function isBroken(page: string, target: string): boolean {
  const [path = "", fragment] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  // What lies outside the repository is on this machine by chance.
  if (relative(".", file).startsWith("..") || !existsSync(join(ROOT, file))) return true;
  return fragment !== undefined && !(statSync(join(ROOT, file)).isFile() && headingFragments(readPage(file)).includes(fragment));
}

describe.each(PAGES)("%s", (page) => {
  test("every relative link leads to a file of the repository, or to a heading", () => {
    expect(relativeLinks(readPage(page)).filter((target) => isBroken(page, target))).toEqual([]);
  });
});

test("a link to a missing file, out of the repository or to a missing heading is found", () => {
  const links = relativeLinks("[a](docs/none.md) [b](../x) [c](#tests-and-benchmark) [d](#none) [e](https://example.org) ![f](docs/images/none.png)");
  expect(links).toHaveLength(5);
  expect(links.filter((target) => isBroken("README.md", target))).toEqual(["docs/none.md", "../x", "#none", "docs/images/none.png"]);
});

test("the README names every page of docs and shows the pictures", () => {
  const links = relativeLinks(readPage("README.md"));
  for (const picture of ["graphiql", "console"]) expect(links).toContain(`docs/images/${picture}.png`);
  for (const page of PAGES.filter((name) => name.startsWith("docs/"))) expect(links).toContain(page);
});

test("every npm script and every command that the pages name exists", async () => {
  const text = PAGES.map(readPage).join("\n");
  const { scripts } = JSON.parse(readPage("package.json")) as { scripts: Record<string, string> };
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...named, "start", "test"]));
  const { stdout } = await runCli(["--help"]);
  const commands = [...text.matchAll(/npx fanwire (\w+)/g)].map((match) => match[1] ?? "");
  expect(commands.length).toBeGreaterThan(2);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
});
