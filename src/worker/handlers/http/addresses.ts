/** Which addresses the http handler may connect to, decided where the connection is made, not where the URL is read. */

import dns from "node:dns";
import net from "node:net";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector } from "undici";
import { FanwireError } from "../../../errors.js";

/** Everything the Internet routes to today lies in it; what lies outside is local, reserved or embeds an IPv4 address. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/**
 * Whether an address, in the notation of net.isIP, belongs to the public Internet. IPv4 addresses inside IPv6 ones
 * (mapped, NAT64) are judged as themselves; the tunnels 6to4 and Teredo are refused whatever they embed.
 */
export function isPublicAddress(address: string): boolean {
  if (net.isIP(address) === 0 || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast";
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().range() === "unicast";
  if (parsed.match(NAT64)) return new ipaddr.IPv4(parsed.toByteArray().slice(-4)).range() === "unicast";
  return parsed.match(GLOBAL_IPV6) && parsed.range() === "unicast";
}

/** Does not tell which address a name has: names of the inside are not for everyone who may submit a workflow. */
function refused(host: string): FanwireError {
  return new FanwireError("HTTP_ADDRESS_REFUSED", `${host} is ${net.isIP(host) === 0 ? "a name with an address that is not public" : "not a public address"}`);
}

/** Names to addresses, as dns.lookup does. */
export type Resolve = (
  hostname: string, options: dns.LookupAllOptions, done: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void;

const systemResolve: Resolve = (hostname, options, done) => dns.lookup(hostname, options, done);

export interface AddressPolicy {
  /** Asked for every address before anything is sent to it: isPublicAddress, unless configuration allows more. */
  isAllowed(address: string): boolean;
  /** Default: the system's resolver. */
  resolve?: Resolve;
}

/**
 * A lookup for sockets that hands on a name's addresses only if every one of them is allowed: the addresses checked
 * are the ones connected to, so a name cannot answer differently the second time.
 */
function checkedLookup({ isAllowed, resolve = systemResolve }: AddressPolicy): net.LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return done(error ?? new Error(`${hostname} has no address`), "");
      if (!addresses.every(({ address }) => isAllowed(address))) return done(refused(hostname), "");
      if (options.all === true) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}

/** A connection pool that connects to allowed addresses only. It reads no proxy from the environment. */
export function httpAgent(policy: AddressPolicy): Agent {
  const connect = buildConnector({ lookup: checkedLookup(policy) });
  return new Agent({
    // Time is the handler's business: it aborts the request when its own timeout is over.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (target, done) => {
      // Sockets look up names only, so an address written in the URL is checked here.
      const host = target.hostname.replace(/^\[|\]$/g, "");
      if (net.isIP(host) !== 0 && !policy.isAllowed(host)) return done(refused(host), null);
      connect(target, done);
    },
  });
}
