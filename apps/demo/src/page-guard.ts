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

/**
 * The demo has no accounts: the user of this machine may use it. Pages of other sites may not, although a
 * browser lets them send forms to loopback.
 */
export function guardPage(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (request.headers['sec-fetch-site'] === 'cross-site' && !READING.includes(request.method)) {
    response.status(403).json({ statusCode: 403, message: 'Not from another site' });
    return;
  }
  next();
}
