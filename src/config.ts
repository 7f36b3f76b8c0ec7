/** Environment and one optional file, read into a frozen Config with every problem found at once. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { SECRET_PREFIX, readSecrets } from "./config/secrets.js";
import { FanwireError } from "./errors.js";
import { SETTINGS } from "./settings.js";
import type { Config, Setting } from "./settings.js";
import { nearMiss } from "./workflow/nearMiss.js";

export type { Config } from "./settings.js";
export { readRedisUrl } from "./settings/redisUrl.js";

/** Names the file. */
const FILE_VARIABLE = "FANWIRE_CONFIG";
const FILE_NAMES = ["fanwire.config.yaml", "fanwire.config.json"];
/** No setting starts so; test suites pass addresses to each other in such variables. */
const TEST_PREFIX = "FANWIRE_TEST_";

export interface ConfigProblem {
  /** The variable, or `<file>: <key>`. */
  readonly where: string;
  readonly message: string;
}

/** Carries every problem of a configuration; its message lists them, one a line. */
export class ConfigError extends FanwireError {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super("INVALID_VALUE", `The configuration cannot be used:\n${problems.map(({ where, message }) => `  ${where} ${message}`).join("\n")}`, { retryable: false, details: problems });
    this.name = "ConfigError";
  }
}

/**
 * Overrides win over the environment, which wins over the file, which wins over the defaults. An empty variable counts as absent.
 * @param cwd where a relative DATA_DIR and FANWIRE_CONFIG start, and where fanwire.config.yaml or .json is looked for.
 * @param overrides values already parsed, from a command line's options; undefined ones are ignored.
 * @throws ConfigError
 */
export function loadConfig(env: NodeJS.ProcessEnv, cwd: string, overrides: Partial<Config> = {}): Config {
  const problems: ConfigProblem[] = unknownVariables(env);
  const file = readFile(env, cwd, problems);
  const values: Partial<Record<keyof Config, unknown>> = {};
  for (const setting of SETTINGS) {
    const override = overrides[setting.field];
    values[setting.field] = override ?? valueOf(setting, env, file, problems, values as Partial<Config>);
  }
  const secretsFile = values.secretsFile === undefined ? undefined : resolve(isSet(env.SECRETS_FILE) || !file ? cwd : dirname(file.path), String(values.secretsFile));
  const secrets = readSecrets(env, secretsFile, problems);
  if (values.redisDurability === "replicated" && values.redisUrl === undefined && problems.length === 0) {
    problems.push({ where: "REDIS_DURABILITY", message: "may be replicated only with a REDIS_URL: the Redis that the server starts has no replicas" });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const base = isSet(env.DATA_DIR) || overrides.dataDir !== undefined || file?.values.dataDir === undefined ? cwd : dirname(file.path);
  return Object.freeze({ ...values, dataDir: resolve(base, String(values.dataDir)), secretsFile, secrets: overrides.secrets ?? (() => secrets) } as Config);
}

interface ConfigFile {
  path: string;
  values: Record<string, unknown>;
}

function valueOf(setting: Setting, env: NodeJS.ProcessEnv, file: ConfigFile | undefined, problems: ConfigProblem[], before: Partial<Config>): unknown {
  const fromEnv = env[setting.name];
  const fromFile = file?.values[setting.fileKey];
  const given = isSet(fromEnv) ? fromEnv : fromFile;
  const derived = given === undefined ? setting.defaultOf?.(before) : undefined;
  if (derived !== undefined) return derived;
  const input = given ?? setting.defaultText;
  if (input === undefined) return undefined;
  const parsed = setting.parse(input);
  if ("value" in parsed) return parsed.value;
  const instead = setting.secret ? "" : `, not ${JSON.stringify(input)}`;
  const where = isSet(fromEnv) || !file ? setting.name : `${file.path}: ${setting.fileKey}`;
  problems.push({ where, message: `${parsed.problem}${instead}` });
  return undefined;
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== "";
}

function readFile(env: NodeJS.ProcessEnv, cwd: string, problems: ConfigProblem[]): ConfigFile | undefined {
  const named = env[FILE_VARIABLE];
  const found = FILE_NAMES.map((name) => resolve(cwd, name)).filter((candidate) => existsSync(candidate));
  if (!isSet(named) && found.length > 1) problems.push({ where: found.join(" and "), message: `stand side by side; keep one, or name one with ${FILE_VARIABLE}` });
  const path = isSet(named) ? resolve(cwd, named) : found[0];
  if (path === undefined) return undefined;
  let content: unknown;
  try {
    // JSON is YAML, so one parser reads both. Of its errors only the first line is shown: the rest quotes the file, secrets and all.
    const document = parseDocument(readFileSync(path, "utf8"), { prettyErrors: true });
    const [failure] = document.errors;
    if (failure) throw failure;
    content = document.toJS() ?? {};
  } catch (error) {
    problems.push({ where: path, message: `cannot be read: ${(error as Error).message.split("\n")[0]}` });
    return undefined;
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    problems.push({ where: path, message: "must hold settings by name, such as port: 4000" });
    return undefined;
  }
  const values = content as Record<string, unknown>;
  problems.push(...unknownKeys(path, values));
  return { path, values };
}

function unknownKeys(path: string, values: Record<string, unknown>): ConfigProblem[] {
  const known = SETTINGS.map(({ fileKey }) => fileKey);
  return Object.keys(values).filter((key) => !known.includes(key)).map((key) => ({
    where: `${path}: ${key}`, message: `is no setting${suggestion(key, known)}`,
  }));
}

/** Variables that are not ours are none of our business, unless they carry our name. */
function unknownVariables(env: NodeJS.ProcessEnv): ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("FANWIRE_") && name !== FILE_VARIABLE && !name.startsWith(TEST_PREFIX) && !name.startsWith(SECRET_PREFIX))
    .sort()
    .map((name) => {
      const known = [...SETTINGS.map((setting) => setting.name), FILE_VARIABLE];
      const meant = suggestion(name.slice("FANWIRE_".length), known) || suggestion(name, known);
      return { where: name, message: `is no setting${meant}` };
    });
}

/** Names that differ by case and separators only, else by a typing slip or two. */
function suggestion(name: string, known: readonly string[]): string {
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const meant = known.find((candidate) => bare(candidate) === bare(name)) ?? nearMiss(name, known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}
