import type { NextFunction, Request, Response } from 'express';

/**
 * Scripts and styles are this server's own files, and nothing written in the page is run, whatever
 * pictures are called and errors say. `*.localhost` is this machine: see tile-hosts.js.
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
 * The demo has no accounts: whoever reaches it may use it. That is whoever sits at this machine, and not
 * every page that is open in the same browser, which could otherwise send forms to loopback.
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
