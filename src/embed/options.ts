/** What programs that embed Fanwire may say, and the configuration that it makes. */

import { loadConfig } from "../config.js";
import { serverEnvironment } from "../config/environment.js";
import { SECRET_PREFIX } from "../config/secrets.js";
import type { Handler } from "../engine/handlers.js";
import { FanwireError } from "../errors.js";
import { SETTINGS, type Config } from "../settings.js";
import type { Expander } from "../workflow/expander.js";

/** Settings by their fields in Config, handlers and expanders; every setting that is not given comes from the environment and the configuration file. */
export interface EmbedOptions extends Partial<Omit<Config, "secrets" | "kafkaPassword">> {
  /** Handlers besides the built-in ones. */
  handlers?: readonly Handler[];
  /** Expanders besides the built-in ones. */
  expanders?: readonly Expander[];
  /** Instead of those of FANWIRE_SECRET_<NAME> and SECRETS_FILE. */
  secrets?: Readonly<Record<string, string>>;
  kafkaPassword?: string;
  /** Default: that of the process. */
  env?: NodeJS.ProcessEnv;
}

export interface Embedded { config: Config; node: { handlers: Handler[]; expanders: Expander[] } }

/** @throws FanwireError INVALID_VALUE with every problem of the configuration */
export function readOptions({ handlers = [], expanders = [], secrets, kafkaPassword, env = process.env, ...settings }: EmbedOptions): Embedded {
  const problems = Object.entries(settings).flatMap(([field, value]) => (value === undefined ? [] : problemOf(field, value)));
  if (problems.length > 0) throw new FanwireError("INVALID_VALUE", `These options cannot be used:\n${problems.map((text) => `  ${text}`).join("\n")}`, { retryable: false });
  const config = loadConfig(withSecrets(serverEnvironment(env), secrets, kafkaPassword), process.cwd(), settings);
  return { config, node: { handlers: [...handlers], expanders: [...expanders] } };
}

/** What the environment may not say, an option may not either: a duration is checked as what it would be written as. */
function problemOf(field: string, value: unknown): string[] {
  const setting = SETTINGS.find((known) => known.field === field);
  if (!setting) return [`${field} is no option`];
  const parsed = setting.parse(field.endsWith("Ms") ? `${String(value)}ms` : value);
  return "problem" in parsed ? [`${field} ${parsed.problem}${setting.secret ? "" : `, not ${JSON.stringify(value)}`}`] : [];
}

/** As variables, so that one place says what a secret may be. */
function withSecrets(env: NodeJS.ProcessEnv, secrets: EmbedOptions["secrets"], kafkaPassword: string | undefined): NodeJS.ProcessEnv {
  const own = kafkaPassword === undefined ? env : { ...env, KAFKA_PASSWORD: kafkaPassword };
  if (secrets === undefined) return own;
  const others = Object.entries(own).filter(([name]) => !name.startsWith(SECRET_PREFIX) && name !== "SECRETS_FILE");
  return Object.fromEntries([...others, ...Object.entries(secrets).map(([name, value]) => [`${SECRET_PREFIX}${name}`, value])]);
}
