import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppServer } from './app-server.js';
import { Program } from './program.js';

/** The status of the answer. Not by fetch(), which lets no script choose `Host` or `Origin`. */
async function statusOf(
  origin: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<number | undefined> {
  const sent = request(origin + path, { method, headers: { connection: 'close', ...headers } });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

describe('the demo', () => {
  let server: AppServer;
  let port: string;
  beforeAll(async () => {
    server = await AppServer.start();
    ({ port } = new URL(server.origin));
  });
  afterAll(() => server.app.close());
  const get = (host: string) => statusOf(server.origin, 'GET', '/stats', { host });
  const pause = (headers: Record<string, string>) =>
    statusOf(server.origin, 'POST', '/pool/pause', headers);

  it('answers under the names of loopback, with any port', async () => {
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]', 'tiles-1.localhost']) {
      expect([name, await get(`${name}:${port}`)]).toEqual([name, 200]);
      expect([name, await get(name)]).toEqual([name, 200]);
    }
  });

  it('refuses every other name, which a site may have led to loopback (DNS rebinding)', async () => {
    for (const host of [`evil.example:${port}`, 'evil.example', 'localhost.evil.example', 'a b']) {
      expect([host, await get(host)]).toEqual([host, 403]);
    }
    expect(await pause({ host: `evil.example:${port}` })).toBe(403);
  });

  it('refuses what changes something and comes from a page of another site', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${port}` },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect([headers, await pause({ ...headers })]).toEqual([headers, 403]);
    }
    const { body } = await server.ask('GET', '/stats');
    expect(body).toMatchObject({ paused: false });
  });

  it('accepts what its own page and programs without a page send', async () => {
    for (const headers of [
      {},
      { origin: server.origin, 'sec-fetch-site': 'same-origin' },
      { origin: server.origin },
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
      { 'sec-fetch-site': 'none' },
    ]) {
      const status = await pause({ ...headers });
      expect([headers, status]).not.toEqual([headers, 403]);
      expect(status).toBeLessThan(300);
    }
    await server.ask('POST', '/pool/resume');
  });
});

it('the demo answers under the names in ALLOWED_HOSTS, too', async () => {
  const env = { PORT: '0', MAX_PROCESSES: '1', ALLOWED_HOSTS: 'demo.example, other.example' };
  await using program = new Program('main.js', [], env);
  const [, origin = ''] = await program.printed(/Listening on (http:\/\/\S+)/);
  const get = (host: string) => statusOf(origin, 'GET', '/stats', { host });
  expect(await get('demo.example')).toBe(200);
  expect(await get('other.example:8080')).toBe(200);
  expect(await get('evil.example')).toBe(403);
});
