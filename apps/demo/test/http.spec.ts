import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppServer, FOREVER } from './app-server.js';
import { EventClient } from './events.js';

let server: AppServer;
beforeAll(async () => {
  server = await AppServer.start();
});
afterAll(() => server.app.close());

describe('a task over HTTP', () => {
  it('is accepted, broadcast and found with its result', async () => {
    await using events = await EventClient.open(server.origin);
    const accepted = await server.ask('POST', '/tasks', {
      kind: 'sum',
      n: 1_000,
      uid: 'a/b',
      priority: 3,
    });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe('/tasks/a%2Fb');
    expect(accepted.body).toMatchObject({ uid: 'a/b', handler: 'SumsTasks.sumOfSquares' });

    const seen = await events.until('completed', 'a/b');
    expect(new Set(seen.map(({ type }) => type))).toEqual(
      new Set(['queued', 'started', 'progress', 'completed']),
    );
    expect(seen.at(-1)?.data).toMatchObject({ handler: 'SumsTasks.sumOfSquares', attempt: 1 });
    expect(seen.at(-1)?.data).not.toHaveProperty('result');

    const found = await server.ask('GET', '/tasks/a%2Fb');
    expect(found.status).toBe(200);
    expect(found.body).toMatchObject({ state: 'completed', progress: 1, result: '332833500' });
    expect((await server.ask('GET', '/stats')).body).toMatchObject({
      maxProcesses: 1,
      completed: 1,
    });
  });

  it('renders Markdown with coloured code, and escapes the rest', async () => {
    await using events = await EventClient.open(server.origin);
    const markdown = '# Hi <b>\n\n```js\nlet a;\n```\n';
    await server.ask('POST', '/tasks', { kind: 'render', markdown, uid: 'page' });
    await events.until('completed', 'page');
    const { body } = await server.ask('GET', '/tasks/page');
    expect(body['result']).toMatchObject({ title: 'Hi <b>' });
    expect(JSON.stringify(body['result'])).toMatch(/<h1>Hi &lt;b&gt;<\/h1>.*class=\\"shiki/);
  });

  it('leaves the server responsive while it runs, and can be cancelled', async () => {
    await using events = await EventClient.open(server.origin);
    await server.ask('POST', '/tasks', { kind: 'sum', n: FOREVER, uid: 'long' });
    await events.until('progress', 'long');
    expect((await server.ask('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await server.ask('GET', '/tasks/long')).body).toMatchObject({
      state: 'running',
      attempt: 1,
    });

    const cancelled = await server.ask('DELETE', '/tasks/long');
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({
      state: 'cancelled',
      error: { name: 'TaskCancelledError', code: 'ASYNCERMP_CANCELLED' },
    });
    await events.until('cancelled', 'long');
    const again = await server.ask('DELETE', '/tasks/long');
    expect(again.status).toBe(409);
    expect(again.body['message']).toContain('it is cancelled already');
  });

  it('is ended by its timeout', async () => {
    await using events = await EventClient.open(server.origin);
    await server.ask('POST', '/tasks', { kind: 'sum', n: FOREVER, timeout: 50, uid: 'slow' });
    const { data } = (await events.until('failed', 'slow')).at(-1) ?? {};
    expect(data?.['error']).toMatchObject({ name: 'TaskTimeoutError', code: 'ASYNCERMP_TIMEOUT' });
    const { body } = await server.ask('GET', '/tasks/slow');
    expect(body).toMatchObject({ state: 'failed', error: { name: 'TaskTimeoutError' } });
    expect(body['error']).not.toHaveProperty('stack');
  });
});
