import type { IncomingHttpHeaders } from 'node:http';
import type { NextFunction, Request, Response } from 'express';

/**
 * Scripts and styles come from this server only, and the browser runs no text of the page: neither names
 * of pictures nor messages of errors. `*.localhost` is this machine: see tile-hosts.js.
 */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self' http://*.localhost:*",
  "img-src 'self' blob: data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** The names of this machine for itself. No other site can have them. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The demo has no accounts: the user of this machine may use it. Pages of other sites may not, although a
 * browser lets them send forms to loopback, and although a site can make its own name lead there (DNS rebinding).
 *
 * @param names - The names, other than those of loopback, under which the demo is reached.
 */
export function guardPage(names: readonly string[] = []) {
  const known = [...LOOPBACK, ...names.map((name) => name.toLowerCase())];
  return (request: Request, response: Response, next: NextFunction): void => {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const problem = problemOf(request, known);
    if (problem === undefined) {
      next();
    } else {
      response.status(403).json({ statusCode: 403, message: problem });
    }
  };
}

function problemOf({ headers, method }: Request, known: readonly string[]): string | undefined {
  const host = nameOf(`http://${headers.host ?? ''}`);
  if (host === undefined || !(known.includes(host) || host.endsWith('.localhost'))) {
    return 'Not under this name. ALLOWED_HOSTS lists the names under which the demo is reached.';
  }
  return READING.includes(method) || isFromHere(headers) ? undefined : 'Not from another site';
}

/**
 * Whether a page of the demo sent the request, or no page at all (curl). A browser says so in `Sec-Fetch-Site`, but
 * only over https and to loopback; it sends `Origin` with every request that changes something.
 */
function isFromHere({ host, origin, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return false;
  }
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** The host of a URL without its port; undefined if it is none. */
function nameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
