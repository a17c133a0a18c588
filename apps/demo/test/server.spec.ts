import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { EventClient } from './events.js';
import { Program } from './program.js';

const LISTENING = /Listening on (http:\/\/\S+)/;

it('the server listens on loopback, and exits on SIGTERM even with an open event stream', async () => {
  await using server = new Program('main.js', [], { PORT: '0', MAX_PROCESSES: '1' });
  const [, origin = ''] = await server.printed(LISTENING);
  expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const response = await fetch(`${origin}/stats`);
  expect(await response.json()).toMatchObject({ maxProcesses: 1 });
  await using events = await EventClient.open(origin);
  server.terminate();
  await events.end();
  // Nest sends itself the signal again once it has shut down.
  expect(await server.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
});

it.each([
  [{ PORT: 'http' }, 'PORT'],
  [{ PORT: '65536' }, 'PORT'],
  [{ MAX_PROCESSES: '0' }, 'MAX_PROCESSES'],
  [{ MAX_QUEUE: '-1' }, 'MAX_QUEUE'],
])('the server does not start with %j, and names the variable', async (env, name) => {
  const { stderr, code } = await new Program('main.js', [], env).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('The environment does not do:');
  expect(stderr).toContain(name);
});

it('the server exits with an error if its port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { stderr, code } = await new Program('main.js', [], { PORT: String(port) }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('EADDRINUSE');
});
