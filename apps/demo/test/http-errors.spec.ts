import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppServer, FOREVER } from './app-server.js';
import { EventClient } from './events.js';

let server: AppServer;
beforeAll(async () => {
  server = await AppServer.start({ maxQueue: 1 });
});
afterAll(() => server.app.close());

describe('a request that fails', () => {
  it.each([
    [{}, 'kind'],
    ['{"kind":', 'JSON'],
    [[], 'expected object'],
    [{ kind: 'divide', n: 1 }, 'kind'],
    [{ kind: 'sum' }, 'n: '],
    [{ kind: 'sum', n: 1.5 }, 'n: '],
    [{ kind: 'sum', n: -1 }, 'n: '],
    [{ kind: 'sum', n: '1' }, 'n: '],
    [{ kind: 'sum', n: 1, shards: 2 }, 'shards'],
    [{ kind: 'sum', n: 1, uid: '' }, 'uid: '],
    [{ kind: 'sum', n: 1, timeout: 0 }, 'timeout: '],
    ['{"kind":"sum","n":1,"priority":1e999}', 'priority: '],
    [{ kind: 'render', markdown: 7 }, 'markdown: '],
  ])('is answered with 400 for %j', async (body, names) => {
    const { accepted } = (await server.ask('GET', '/stats')).body;
    const answer = await server.ask('POST', '/tasks', body);
    expect(answer.status).toBe(400);
    expect(String(answer.body['message'])).toContain(names);
    expect((await server.ask('GET', '/stats')).body).toMatchObject({ accepted });
  });

  it('is answered with 400 for input that the library refuses', async () => {
    expect(await server.ask('GET', '/mistakes/option')).toMatchObject({
      status: 400,
      body: { error: 'ConfigurationError', code: 'ASYNCERMP_CONFIGURATION' },
    });
    const argument = await server.ask('GET', '/mistakes/argument');
    expect(argument).toMatchObject({ status: 400, body: { error: 'TaskSerializationError' } });
    expect(argument.body['message']).toContain('args[0]');
  });

  it('is answered with 500 if the server itself names an unknown handler', async () => {
    expect(await server.ask('GET', '/mistakes/handler')).toMatchObject({
      status: 500,
      body: { error: 'UnknownHandlerError' },
    });
  });

  it.each([
    ['GET', '/tasks/nobody'],
    ['DELETE', '/tasks/nobody'],
    ['GET', '/nowhere'],
  ])('is answered with 404 for %s %s', async (method, path) => {
    expect(await server.ask(method, path)).toMatchObject({
      status: 404,
      body: { statusCode: 404 },
    });
  });

  it('is answered with 409 for a uid in flight', async () => {
    await server.ask('POST', '/tasks', { kind: 'sum', n: FOREVER, uid: 'twin' });
    expect(await server.ask('POST', '/tasks', { kind: 'sum', n: 1, uid: 'twin' })).toMatchObject({
      status: 409,
      body: { statusCode: 409, error: 'DuplicateTaskError', code: 'ASYNCERMP_DUPLICATE' },
    });
    await server.ask('DELETE', '/tasks/twin');
  });

  it('is answered with 503 and Retry-After for a full queue, until there is room again', async () => {
    await using events = await EventClient.open(server.origin);
    await server.ask('POST', '/tasks', { kind: 'sum', n: FOREVER, uid: 'running' });
    await events.until('progress', 'running');
    await server.ask('POST', '/tasks', { kind: 'sum', n: 1, uid: 'waiting' });
    const refused = await server.ask('POST', '/tasks', { kind: 'sum', n: 1, uid: 'refused' });
    expect(refused).toMatchObject({
      status: 503,
      body: { error: 'QueueFullError', code: 'ASYNCERMP_QUEUE_FULL' },
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await server.ask('GET', '/tasks/refused')).status).toBe(404);

    await server.ask('DELETE', '/tasks/running');
    await events.until('completed', 'waiting');
    expect((await server.ask('POST', '/tasks', { kind: 'sum', n: 1, uid: 'refused' })).status).toBe(
      202,
    );
    await events.until('completed', 'refused');
  });
});

it('a server that shuts down refuses tasks with 503, waits for running ones and ends event streams', async () => {
  const last = await AppServer.start();
  await using events = await EventClient.open(last.origin);
  await last.ask('POST', '/tasks', { kind: 'sum', n: FOREVER, uid: 'last' });
  await events.until('progress', 'last');
  const closed = last.app.close();
  expect(await last.ask('POST', '/tasks', { kind: 'sum', n: 1 })).toMatchObject({
    status: 503,
    body: { error: 'ShutdownError', code: 'ASYNCERMP_SHUTDOWN' },
  });
  await last.ask('DELETE', '/tasks/last');
  await events.until('cancelled', 'last');
  await events.end();
  await closed;
});
