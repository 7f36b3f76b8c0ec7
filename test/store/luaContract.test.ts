/** The headers of the Lua scripts say what their bodies do: keys, arguments, replies, events, and when Redis may refuse them. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { resolveScript, SCRIPT_NAMES, scriptFiles, type ScriptName } from "../../src/store/scripts.js";
import { EVENT_TYPES } from "../../src/workflow/events.js";

const FOLDER = fileURLToPath(new URL("../../src/store/lua/", import.meta.url));
const MOST_LINES = 300;
const includes = readdirSync(`${FOLDER}include`);

interface Parts { shebang: string; header: string; own: string; resolved: string }

function partsOf(name: ScriptName): Parts {
  const source = readFileSync(`${FOLDER}${name}.lua`, "utf8");
  const [shebang = "", ...lines] = source.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("--"));
  return { shebang, header: lines.slice(0, end).join("\n"), own: lines.slice(end).join("\n"), resolved: code(resolveScript(name).body) };
}

/** Without comments, so that what they mention does not count as used. */
function code(text: string): string {
  return text.replace(/(^|\s)--[^\n]*/g, "$1");
}

function indexes(text: string, name: "KEYS" | "ARGV"): number[] {
  return [...new Set([...text.matchAll(new RegExp(`\\b${name}\\[(\\d+)`, "g"))].map((match) => Number(match[1])))].sort((a, b) => a - b);
}

/** `-- <label>: ...` with its continuation lines. */
function labelled(header: string, label: string): string | undefined {
  const lines = header.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`-- ${label}: `));
  if (at < 0) return undefined;
  const more = lines.slice(at + 1).findIndex((line) => !line.startsWith("--   "));
  return lines.slice(at, more < 0 ? undefined : at + 1 + more).join(" ").replace(`-- ${label}: `, "").replaceAll("--   ", "");
}

test("every file is called by its name, and every name has a file", () => {
  expect(scriptFiles().sort()).toEqual([...SCRIPT_NAMES].sort());
});

test("every include is used by a script, and no include is missing", () => {
  const used = SCRIPT_NAMES.flatMap((name) => [...readFileSync(`${FOLDER}${name}.lua`, "utf8").matchAll(/^--- @include (\w+)(?: when used)?$/gm)].map((match) => `${match[1]}.lua`));
  expect([...new Set(used)].sort()).toEqual(includes.sort());
});

test("the build carries every script and every include to where the built code reads them", () => {
  const copy = readFileSync(fileURLToPath(new URL("../../scripts/copyAssets.mjs", import.meta.url)), "utf8");
  // It takes whatever ends in .lua below the folder, so a file that is here is copied.
  expect(copy).toContain('join(root, "src", "store", "lua")');
  expect(copy).toContain('join(root, "dist", "store", "lua")');
  expect(copy).toContain("recursive: true");
  expect(copy).toContain('entry.endsWith(".lua")');
  const others = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((file) => file !== "include" && !file.endsWith(".lua"));
  expect(others).toEqual([]);
});

test("no file is longer than a person can hold", () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".lua"));
  const long = files.filter((file) => readFileSync(`${FOLDER}${file}`, "utf8").split("\n").length - 1 > MOST_LINES + 50);
  expect(long).toEqual([]);
});

describe.each(SCRIPT_NAMES)("%s", (name) => {
  const { shebang, header, resolved } = partsOf(name);

  test("begins with its purpose", () => {
    expect(header).toMatch(/^-- [A-Z][^\n]+/);
  });

  test("declares the keys it uses, and uses those it declares", () => {
    const declared = indexes(header, "KEYS");
    expect(declared).toEqual(declared.map((_, i) => i + 1));
    expect(resolveScript(name).numberOfKeys).toBe(declared.length);
    for (const index of indexes(resolved, "KEYS")) expect(declared).toContain(index);
    // KEYS[1] also names the slot to a cluster; scripts that build their keys from the prefix need not read it.
    for (const index of declared.slice(1)) expect(indexes(resolved, "KEYS")).toContain(index);
  });

  test("declares the arguments it uses, and uses those it declares", () => {
    const declared = [...header.matchAll(/^-- ARGV\[(\d+)(\.\.)?\] \S/gm)].map((match) => ({ index: Number(match[1]), rest: match[2] !== undefined }));
    expect(declared.map(({ index }) => index)).toEqual(declared.map((_, i) => i + 1));
    const rest = declared.find((argument) => argument.rest)?.index ?? Infinity;
    const used = indexes(resolved, "ARGV");
    for (const index of used) expect(index < rest ? declared.map((argument) => argument.index) : []).toContain(index);
    for (const { index, rest: many } of declared) if (!many) expect(used).toContain(index);
    // Those that follow are walked through.
    if (rest !== Infinity) expect(resolved).toMatch(new RegExp(`(= ${rest}[,\\s]|ARGV, ${rest}\\))`));
  });

  test("declares every reply that its own body can give", () => {
    const returns = labelled(header, "Returns") ?? "";
    expect(returns).not.toBe("");
    const words = [...partsOf(name).own.matchAll(/'([A-Z]{2,}(?:_[A-Z]+)*)'/g)].map((match) => match[1] as string);
    const commands = [...partsOf(name).own.matchAll(/call\('([A-Z]+)'/g)].map((match) => match[1]);
    const options = ["BYSCORE", "LIMIT", "WITHSCORES", "XX"];
    for (const word of words) if (!commands.includes(word) && !options.includes(word) && !["HSET", "RPUSH"].includes(word)) expect(returns.split(/[\s|(),]+/)).toContain(word);
  });

  test("names events that exist", () => {
    const events = labelled(header, "Events") ?? "";
    expect(events).not.toBe("");
    const words = events.split(/\s+/).filter((word) => word !== "none");
    for (const word of words) expect(EVENT_TYPES).toContain(word);
  });

  test("names the events of its includes when it can emit them, and none when it writes no log", () => {
    const emits = /\bemit\(wf|:e:|'e:'/.test(resolved) && /RPUSH/.test(resolved);
    expect(labelled(header, "Events") === "none").toBe(!emits);
  });

  // Under memory pressure new work is refused, and what was accepted before can finish and go.
  test("is refused by a full Redis only when it brings new work", () => {
    const bringsWork = ["submitWorkflow", "registerDefinition", "storeItems", "provideContext", "retryWorkflow"].includes(name);
    expect(shebang).toBe(bringsWork ? "#!lua" : "#!lua flags=allow-oom");
  });

  test("has its shebang in the first line after includes are in", () => {
    expect(resolveScript(name).body.startsWith("#!lua")).toBe(true);
    expect(resolveScript(name).body).not.toMatch(/^--- @include/m);
  });

  test("never lets a failed command pass without an answer that says so", () => {
    const guarded = resolved.match(/pcall/g) ?? [];
    expect(guarded).toHaveLength(resolved.match(/= pcall\(\w+\)\n  if not ok then\n(?:.*\n){1,2}?    answer\('ERROR'/g)?.length ?? 0);
  });
});
