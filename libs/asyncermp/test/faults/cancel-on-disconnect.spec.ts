import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TaskEvent, type TaskCancelledEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { FaultController } from '../.fixtures/fault.controller.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { closeLater, rootModule, view, type TestApplication } from '../support/application.js';
import { until } from '../support/outcomes.js';

interface Server extends TestApplication {
  readonly controller: FaultController;
  readonly url: (path: string) => string;
}

async function serve(adapter: ExpressAdapter | FastifyAdapter): Promise<Server> {
  const root = rootModule({
    options: { maxProcesses: 2, cancelGrace: 60_000 },
    providers: [FaultService],
  });
  const app: INestApplication = await NestFactory.create(
    { ...root, controllers: [FaultController] },
    adapter,
    { logger: false, abortOnError: false },
  );
  closeLater(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    ...view(app),
    emitter: view(app).emitter,
    controller: app.get(FaultController),
    url: (path) => `http://127.0.0.1:${port}/${path}`,
  };
}

for (const [platform, makeAdapter] of [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const) {
  describe(`on ${platform}, a client that goes away`, () => {
    it('cancels the task of the method that its route calls, and the worker sees it', async () => {
      const { controller, url, next, mp } = await serve(makeAdapter());
      const cancelled = next<TaskCancelledEvent>(TaskEvent.Cancelled);
      const client = request(url('called')).on('error', () => {});
      client.end();
      await controller.started.reached();
      client.destroy();
      await controller.stopped.reached();
      expect((await cancelled).error).toMatchObject({ cause: 'The client disconnected' });
      expect(mp.stats()).toMatchObject({ cancelled: 1, failed: 0 });
    });

    it('cancels all tasks that were submitted on its behalf, also after an await', async () => {
      const { controller, url, mp } = await serve(makeAdapter());
      const client = request(url('submitted')).on('error', () => {});
      client.end();
      await controller.started.reached(2);
      client.destroy();
      await controller.stopped.reached(2);
      await mp.drain();
      expect(mp.stats()).toMatchObject({ cancelled: 2, failed: 0 });
    });

    it('cancels nothing of another client', async () => {
      const { controller, url, mp } = await serve(makeAdapter());
      const clients = [1, 2].map(() => request(url('called')).on('error', () => {}));
      clients.forEach((client) => client.end());
      await controller.started.reached(2);
      clients[0]?.destroy();
      await controller.stopped.reached(1);
      await until('one task runs', () => mp.stats().running === 1);
      expect(mp.stats()).toMatchObject({ cancelled: 1 });
      clients[1]?.destroy();
      await controller.stopped.reached(2);
    });
  });

  describe(`on ${platform}, a client that gets its answer`, () => {
    it('cancels nothing, whether its connection is kept or closed', async () => {
      const { url, mp } = await serve(makeAdapter());
      for (const connection of ['keep-alive', 'close', 'keep-alive']) {
        const response = await fetch(url('quick'), { headers: { connection } });
        expect(await response.json()).toEqual({ thread: expect.any(Number) });
      }
      const client = request(url('quick'));
      client.end();
      const [answer] = await once(client, 'response');
      answer.resume();
      await once(answer, 'end');
      client.destroy();
      await mp.drain();
      expect(mp.stats()).toMatchObject({ completed: 4, cancelled: 0, failed: 0 });
    });
  });
}
