/** The environment of a process, without what is not for servers and workers. */

/** FANWIRE_URL is the client commands' own; the server would report it as an unknown setting. */
export function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { FANWIRE_URL: _own, ...rest } = env;
  return rest;
}
