import { isMainThread } from 'node:worker_threads';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { EmptyRedis } from './mail/empty-redis.js';
import { MailProcessor } from './mail/mail.processor.js';
import { Reminders } from './mail/reminders.js';
import { presence } from './presence.js';
import type { Line } from './report.js';
import type { Statement } from './statements/statement.js';

function print(line: Line): void {
  console.log(JSON.stringify(line));
}

async function bootstrap(): Promise<void> {
  const redis = new EmptyRedis();
  // A worker that runs a bundle imports this file, up to the next call. It opens no ports.
  if (isMainThread) {
    process.env.BILLING_REDIS_PORT = String(await redis.listen());
  }

  const app = await NestFactory.create(AppModule, { bufferLogs: true });
  app.useLogger(app.get(Logger));
  await app.listen(0, '127.0.0.1');
  const reminders = app.get(Reminders);

  print({ kind: 'unauthorized', status: (await get(app, 'Acme', 'no token')).status });
  await Promise.all([
    reminders.mails.waitUntilReady(),
    app.get(MailProcessor).worker.waitUntilReady(),
  ]);
  const before = redis.connections;
  const token = app.get(JwtService).sign({});
  print({ kind: 'first', statement: await draw(app, 'Acme', token) });
  // What runs by the clock has had its time in the worker as well.
  await reminders.reminded(5);
  print({ kind: 'second', statement: await draw(app, 'Acme', token) });
  print({
    kind: 'application',
    heard: reminders.heard,
    presence: presence(),
    before,
    connections: redis.connections,
  });

  await app.close();
  redis.close();
  print({ kind: 'closed' });
}

async function draw(app: INestApplication, customer: string, token: string): Promise<Statement> {
  return (await (await get(app, customer, token)).json()) as Statement;
}

async function get(app: INestApplication, customer: string, token: string): Promise<Response> {
  return fetch(`${await app.getUrl()}/statements/${customer}`, {
    headers: { authorization: `Bearer ${token}`, 'x-tenant': 'north' },
  });
}

await bootstrap();
