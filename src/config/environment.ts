/** The environment of a process, without what is not for servers and workers. */

/** FANWIRE_URL and FANWIRE_TOKEN are for those who ask a server; the server would report them as unknown settings. */
export function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { FANWIRE_URL: _url, FANWIRE_TOKEN: _token, ...rest } = env;
  return rest;
}
