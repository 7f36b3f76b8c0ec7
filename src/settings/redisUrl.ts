/** What REDIS_URL may say: one server, the first nodes of a cluster, or the sentinels that know which server is the primary. */

export interface RedisHost { host: string; port: number }

interface Login { username?: string; password?: string; tls: boolean }

export type RedisPlace =
  | { kind: "server"; url: string }
  | { kind: "cluster"; nodes: RedisHost[] } & Login
  | { kind: "sentinel"; sentinels: RedisHost[]; primary: string; db: number; sentinelUsername?: string; sentinelPassword?: string } & Login;

const PORTS = { cluster: 6379, sentinel: 26379 } as const;
const EXAMPLES = "redis://localhost:6379, rediss://user:password@host:6380/0, redis+cluster://a:6379,b:6379,c:6379 or redis+sentinel://a:26379,b:26379,c:26379/primary";

/** A place, or what is wrong with the text; it is not repeated, for it may hold a password. */
export function readRedisUrl(text: string): { place: RedisPlace } | { problem: string } {
  const parts = /^redis(s?)\+(cluster|sentinel):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text);
  if (!parts) return readServer(text);
  const [, tls, kind, credentials, addresses, path = "", query] = parts as unknown as [string, string, keyof typeof PORTS, string | undefined, string, string | undefined, string | undefined];
  const hosts = addresses.split(",").map((address) => readHost(address, PORTS[kind]));
  if (!hosts.every((host) => host !== undefined)) return { problem: `must name ${kind === "cluster" ? "nodes" : "sentinels"} as host:port, separated by commas` };
  const login = readLogin(credentials, tls === "s");
  if (!login) return { problem: "must write a login as user:password, with %-escapes for special characters" };
  if (kind === "cluster") {
    return path === "" && query === undefined ? { place: { kind, nodes: hosts, ...login } } : { problem: "must end behind the nodes of a cluster: it has one database, and no options are known" };
  }
  return readSentinel(hosts, login, path, query);
}

function readServer(text: string): { place: RedisPlace } | { problem: string } {
  if (/^rediss?:\/\/[^/]*,/.test(text)) return { problem: "must say what several hosts are: redis+cluster://a:6379,b:6379 or redis+sentinel://a:26379,b:26379/primary" };
  const isUrl = URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol) && new URL(text).hostname !== "";
  return isUrl ? { place: { kind: "server", url: text } } : { problem: `must be a URL such as ${EXAMPLES}` };
}

function readSentinel(sentinels: RedisHost[], login: Login, path: string, query = ""): { place: RedisPlace } | { problem: string } {
  const [, primary, db = "0"] = /^([A-Za-z0-9._-]+)(?:\/(\d{1,4}))?$/.exec(path) ?? [];
  if (primary === undefined) return { problem: "must name the primary behind the sentinels, as in redis+sentinel://a:26379,b:26379/primary or .../primary/0" };
  const options = new URLSearchParams(query);
  for (const name of options.keys()) if (name !== "sentinelUsername" && name !== "sentinelPassword") return { problem: "may have no options but sentinelUsername and sentinelPassword" };
  const [username, password] = [options.get("sentinelUsername"), options.get("sentinelPassword")];
  return { place: {
    kind: "sentinel", sentinels, primary, db: Number(db), ...login,
    ...(username === null ? {} : { sentinelUsername: username }), ...(password === null ? {} : { sentinelPassword: password }),
  } };
}

function readHost(text: string, defaultPort: number): RedisHost | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[3] ?? defaultPort);
  return match && port > 0 && port < 65_536 ? { host: (match[1] ?? match[2]) as string, port } : undefined;
}

function readLogin(credentials: string | undefined, tls: boolean): Login | undefined {
  if (credentials === undefined) return { tls };
  const colon = credentials.indexOf(":");
  if (colon < 0) return undefined;
  try {
    const [username, password] = [credentials.slice(0, colon), credentials.slice(colon + 1)].map(decodeURIComponent) as [string, string];
    return { tls, ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  } catch {
    return undefined;
  }
}
