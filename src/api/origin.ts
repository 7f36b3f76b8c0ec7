/** Whether a page may open a WebSocket here: browsers send its origin and, unlike for fetch, enforce nothing themselves. */

/**
 * Programs send no Origin and are allowed; so is a page of this very host, and one of the machine itself (a front-end's
 * development server on another port).
 */
export function isAllowedOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const url = parseOrigin(origin);
  if (!url) return false;
  return url.host === host?.toLowerCase() || isLoopback(url.hostname);
}

function parseOrigin(origin: string): URL | undefined {
  try {
    const url = new URL(origin);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    return undefined; // "null", as sandboxed frames and files send it, is nobody's origin
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
