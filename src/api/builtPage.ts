/** Serves a built page, GraphiQL or the console: only the files that the build made can be asked for. */

import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** Monaco sets styles on elements and its icon font is a data URL; everything else comes from this server alone. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
  "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface PageFile {
  file: string;
  size: number;
  contentType: string;
}

/** Answers false when the path is not one of the page's. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<boolean>;

/** The same folder from src/api and from dist/api. */
const BUILT_FOLDER = new URL("../../dist/", import.meta.url);

/** @param name of the page's folder under dist, and of the path that it is served under */
export async function createBuiltPage(name: string): Promise<PageHandler> {
  const base = `/${name}`;
  const folder = fileURLToPath(new URL(name, BUILT_FOLDER));
  const files = await listFiles(folder);
  return async (request, response, path) => {
    const isPage = path === base || path === `${base}/`;
    const found = files.get(isPage ? "index.html" : path.slice(base.length + 1));
    if (!found) return false;
    response.setHeader("content-type", found.contentType);
    response.setHeader("content-length", found.size);
    response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    response.setHeader("referrer-policy", "no-referrer");
    // Asset names carry a hash of their content, the page's does not.
    response.setHeader("cache-control", isPage ? "no-cache" : "public, max-age=31536000, immutable");
    if (request.method === "HEAD") response.end();
    else await pipeline(createReadStream(found.file), response);
    return true;
  };
}

/** Empty when the page was not built. */
async function listFiles(folder: string): Promise<Map<string, PageFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, PageFile>();
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const contentType = CONTENT_TYPES[extname(file)] ?? "application/octet-stream";
    files.set(relative(folder, file).split(sep).join("/"), { file, size: (await stat(file)).size, contentType });
  }
  return files;
}
