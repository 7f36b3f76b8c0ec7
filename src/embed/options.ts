/** What programs that embed Fanwire may say, and the configuration that it makes. */

import { loadConfig } from "../config.js";
import { serverEnvironment } from "../config/environment.js";
import type { Handler } from "../engine/handlers.js";
import type { Config } from "../settings.js";
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
  const config = loadConfig(serverEnvironment(env), process.cwd(), {
    ...settings,
    ...(secrets === undefined ? {} : { secrets: () => new Map(Object.entries(secrets)) }),
    ...(kafkaPassword === undefined ? {} : { kafkaPassword: () => kafkaPassword }),
  });
  return { config, node: { handlers: [...handlers], expanders: [...expanders] } };
}
