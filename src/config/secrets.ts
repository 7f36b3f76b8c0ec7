/** Reads the secrets of a process from its environment and from a file; no problem repeats a value. */

import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";

export const SECRET_PREFIX = "FANWIRE_SECRET_";

const NAME = /^[A-Z][A-Z0-9_]{0,127}$/;
/** What is shorter stands in too many texts by chance to be kept out of them. */
const LEAST_CHARACTERS = 4;

/**
 * Variables win over the file. Blanks and line ends around a value do not count.
 * @param file absolute path; undefined: there is none
 * @param problems takes what is wrong, each with its place
 */
export function readSecrets(env: NodeJS.ProcessEnv, file: string | undefined, problems: { where: string; message: string }[]): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const add = (where: string, name: string, value: unknown): void => {
    const text = typeof value === "string" ? value.trim() : value;
    if (!NAME.test(name)) problems.push({ where, message: "is no name of a secret: those have capitals, digits and _, and begin with a letter" });
    else if (typeof text !== "string") problems.push({ where, message: "must be a text; write it in quotes" });
    else if (text.length < LEAST_CHARACTERS) problems.push({ where, message: `must have at least ${LEAST_CHARACTERS} characters` });
    else secrets.set(name, text);
  };
  if (file !== undefined) for (const [name, value] of Object.entries(readFile(file, problems))) add(`${file}: ${name}`, name, value);
  for (const [variable, value] of Object.entries(env)) {
    if (variable.startsWith(SECRET_PREFIX) && value !== "") add(variable, variable.slice(SECRET_PREFIX.length), value);
  }
  return secrets;
}

function readFile(path: string, problems: { where: string; message: string }[]): object {
  try {
    const document = parseDocument(readFileSync(path, "utf8"), { prettyErrors: false });
    const content = document.errors.length > 0 ? undefined : (document.toJS() as unknown);
    if (typeof content === "object" && content !== null && !Array.isArray(content)) return content;
    problems.push({ where: path, message: "must hold secrets by name, such as API_KEY: \"...\"" });
  } catch (error) {
    // The system's own words: of the file's text they hold nothing.
    problems.push({ where: path, message: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? "it has not the form of YAML"}` });
  }
  return {};
}
