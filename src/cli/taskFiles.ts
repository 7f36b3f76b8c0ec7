/** Loads the handlers and expanders of files that users name: TypeScript or JavaScript, as they stand. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Handler } from "../engine/handlers.js";
import type { Expander } from "../workflow/expander.js";
import { CommandFailure, EXIT } from "./exitCodes.js";

export interface LoadedTasks { handlers: Handler[]; expanders: Expander[] }

/**
 * What the files export, by default (one, or a list) or by name; what is exported twice counts once.
 * @throws CommandFailure INVALID for a file that is not there, cannot be loaded, or exports neither handlers nor expanders
 */
export async function loadTasks(paths: readonly string[]): Promise<LoadedTasks> {
  if (paths.length === 0) return { handlers: [], expanders: [] };
  // Loaded only when asked for. Node 20 takes no TypeScript by itself; jiti checks no types either, and writes nothing to disk here.
  const [{ createJiti }, fanwire] = await Promise.all([import("jiti"), import("../index.js")]);
  // Whatever is installed beside the file, it gets the Fanwire that runs it: errors are known by their class.
  const jiti = createJiti(import.meta.url, { fsCache: false, virtualModules: { fanwire } });
  const known = new Set<Handler | Expander>();
  for (const path of paths) {
    const found = definitionsIn(await load(path, (file) => jiti.import(file)));
    if (found.length === 0) throw new CommandFailure(EXIT.INVALID, `${path} exports neither a handler nor an expander; make them with defineHandler and defineExpander`);
    for (const one of found) known.add(one);
  }
  return { handlers: [...known].filter(isHandler), expanders: [...known].filter(isExpander) };
}

async function load(path: string, importFile: (file: string) => Promise<unknown>): Promise<unknown> {
  const file = resolve(path);
  if (!existsSync(file)) throw new CommandFailure(EXIT.INVALID, `There is no file ${path}`);
  try {
    return await importFile(file);
  } catch (error) {
    throw new CommandFailure(EXIT.INVALID, `${path} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

/** Whatever else the file exports is its own business. */
function definitionsIn(module: unknown): (Handler | Expander)[] {
  const exported = typeof module === "object" && module !== null ? Object.values(module) : [];
  return exported.flat().filter((value): value is Handler | Expander => isHandler(value) || isExpander(value));
}

function isHandler(value: unknown): value is Handler {
  return isNamed(value) && typeof (value as Partial<Handler>).run === "function";
}

function isExpander(value: unknown): value is Expander {
  return isNamed(value) && typeof (value as Partial<Expander>).expand === "function";
}

function isNamed(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { name?: unknown }).name === "string";
}
