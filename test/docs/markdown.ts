/** What the tests of the documentation read from Markdown: links, headings, fenced blocks, rows of tables. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** @param path from the repository's root */
export function readPage(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** The contents of all ```<language> blocks, in order. */
export function fencedBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].filter((match) => match[1] === language).map((match) => match[2] ?? "");
}

function prose(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, "").replace(/^ {4}.*$/gm, "");
}

/** Targets of links and images in prose, without those that leave the repository. */
export function relativeLinks(page: string): string[] {
  const targets = [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** Headings as the fragments that link to them. */
export function headingFragments(page: string): string[] {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");
  return headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-"));
}

/** Rows of the tables under a heading of level two, each a list of cells; heads and rules left out. */
export function tableRows(page: string, heading: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}
