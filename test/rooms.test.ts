/** The rooms of src: who may import whom, no circles, one owner per heavy library, and files a person can hold. */

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
const MOST_LINES = 350;

/** From ARCHITECTURE's "Rooms": a room may import itself and these. A file directly in src is a room of its own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  workflow: ["errors"],
  settings: ["errors", "workflow"],
  config: ["errors", "settings", "workflow"],
  runtime: ["config", "errors"],
  engine: ["errors", "workflow"],
  store: ["engine", "errors", "workflow"],
  // The log reader finds the log by the store's keys; the store knows nothing of events.
  events: ["engine", "errors", "store", "workflow"],
  worker: ["engine", "errors", "workflow"],
  api: ["config", "engine", "errors", "events", "workflow"],
  // The commands start the server through main, and only when asked to.
  cli: ["client", "config", "embed", "engine", "errors", "events", "index", "main", "workflow"],
  // Speaks the public API, as anybody could.
  client: ["errors", "workflow"],
  // What other programs start: the package's functions, over main.
  embed: ["client", "config", "engine", "errors", "main", "runtime", "settings", "worker", "workflow"],
  // The package's entry: names, and nothing else.
  index: ["client", "embed", "engine", "errors", "workflow"],
  main: ["api", "config", "engine", "errors", "events", "runtime", "store", "worker", "workflow"],
};

/** Libraries that only some rooms may know. */
const OWNERS: Record<string, readonly string[]> = {
  ioredis: ["store", "events"],
  kafkajs: ["events"],
  "graphql-redis-subscriptions": ["events"],
  "@hyperjump/json-schema": ["workflow"],
  "type-graphql": ["api"],
  "@apollo/server": ["api"],
  commander: ["cli"],
  jiti: ["cli"],
};

interface Import {
  file: string;
  specifier: string;
  /** Whether it is there when the program runs. */
  value: boolean;
  /** Whether it is done while the module loads: `import()` is not. */
  eager: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts") && !file.startsWith("client/generated/")).sort();
/** Files of pages that run in a browser are built apart and belong to no room. */
const serverFiles = files.filter((file) => !file.startsWith("api/graphiql/"));
const imports = serverFiles.flatMap((file) => importsOf(file, readFileSync(join(SRC, file), "utf8")));

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly;
      found.push({ file, specifier: node.moduleSpecifier.text, value: !typeOnly, eager: true });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push({ file, specifier: node.argument.literal.text, value: false, eager: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) found.push({ file, specifier: argument.text, value: true, eager: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022));
  return found;
}

function roomOf(file: string): string {
  return (file.split("/")[0] ?? file).replace(/\.ts$/, "");
}

/** The file of src that a relative import names. */
function targetOf({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(SRC, resolve(SRC, dirname(file), specifier)).replace(/\.js$/, ".ts");
}

/** The package that a bare import names. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** One circle of eager value imports per entry, as "a -> b -> a". */
function circles(all: readonly Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const entry of all) {
    const target = targetOf(entry);
    if (target && entry.value && entry.eager) edges.set(entry.file, [...edges.get(entry.file) ?? [], target]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) walk(file, []);
  return found;
}

describe("src", () => {
  test("is made of known rooms", () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
    expect(imports.length).toBeGreaterThan(50);
  });

  test("imports only in the allowed directions", () => {
    const wrong = imports.filter((entry) => {
      const target = targetOf(entry);
      if (target === undefined) return false;
      return roomOf(target) !== roomOf(entry.file) && !MAY_IMPORT[roomOf(entry.file)]?.includes(roomOf(target));
    });
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  test("imports nothing from outside itself but packages", () => {
    const outside = imports.filter((entry) => targetOf(entry)?.startsWith("..") && !entry.specifier.endsWith("package.json"));
    expect(outside.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  test("keeps each heavy library in its room", () => {
    const wrong = imports.filter(({ file, specifier }) => {
      const owners = OWNERS[packageOf(specifier)];
      return owners !== undefined && !owners.includes(roomOf(file));
    });
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  test("has no circle of value imports", () => {
    expect(circles(imports)).toEqual([]);
  });

  test("has no barrels", () => {
    expect(serverFiles.filter((file) => /\/index\.ts$/.test(file))).toEqual([]);
  });

  test("opens every file with a sentence that says what it is", () => {
    const silent = files.filter((file) => {
      const comment = /^(?:#!.*\n)?\/\*\*([^]*?)\*\//.exec(readFileSync(join(SRC, file), "utf8"))?.[1] ?? "";
      return !/^[A-Z"`'/<]\S*( \S+){2}/.test(comment.replace(/\s+\*?\s*/g, " ").trim());
    });
    expect(silent).toEqual([]);
  });

  test(`has no file of more than ${MOST_LINES} lines`, () => {
    const long = files.map((file) => ({ file, lines: readFileSync(join(SRC, file), "utf8").split("\n").length - 1 }));
    expect(long.filter(({ lines }) => lines > MOST_LINES)).toEqual([]);
  });
});

describe("the walk over imports", () => {
  const text = 'import { a } from "../store/a.js";\nimport type { B } from "./b.js";\nexport * from "./c.js";\nconst d = import("./d.js");\nlet e: import("./e.js").E;';

  test("sees every kind of import", () => {
    expect(importsOf("events/x.ts", text).map(({ specifier, value, eager }) => [specifier, value, eager])).toEqual([
      ["../store/a.js", true, true], ["./b.js", false, true], ["./c.js", true, true], ["./d.js", true, false], ["./e.js", false, false],
    ]);
  });

  test("finds a circle, and takes a type import for none", () => {
    const there = importsOf("a.ts", 'import { b } from "./b.js";');
    expect(circles([...there, ...importsOf("b.ts", 'import { a } from "./a.js";')])).toEqual(["a.ts -> b.ts -> a.ts"]);
    expect(circles([...there, ...importsOf("b.ts", 'import type { a } from "./a.js";')])).toEqual([]);
  });
});
