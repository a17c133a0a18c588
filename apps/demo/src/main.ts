import { isIPv6 } from 'node:net';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { configureApp } from './configure-app.js';
import { readServerConfig, type ServerConfig } from './server.config.js';
import { usualPort } from './usual-port.js';

const logger = new Logger('Demo');

/** The demo's page and HTTP API: `npm run demo`, and `npm start`. */
async function main(): Promise<void> {
  const config = readServerConfig(process.env);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(poolOf(config)), {
    // A user of the demo needs the address and the problems, not Nest's start-up messages.
    logger: ['warn', 'error', 'fatal'],
  });
  configureApp(app, namesOf(config));
  app.enableShutdownHooks();
  try {
    await app.listen(config.PORT ?? (await usualPort(config.HOST)), config.HOST);
  } catch (error) {
    await app.close();
    throw error;
  }
  process.stdout.write(
    `\n  Listening on ${await app.getUrl()}\n  Open it in a browser. Ctrl-C ends it.\n\n`,
  );
}

/** The address that it listens on is one of its names. */
function namesOf({ HOST, ALLOWED_HOSTS }: ServerConfig): readonly string[] {
  return [isIPv6(HOST) ? `[${HOST}]` : HOST, ...ALLOWED_HOSTS];
}

function poolOf({ MAX_PROCESSES, MAX_QUEUE }: ServerConfig) {
  return {
    maxProcesses: MAX_PROCESSES,
    maxQueue: MAX_QUEUE,
    // A spare replaces a worker that a visitor kills.
    spareProcesses: 1,
    // Settled tasks are kept with their results, and a tile is a quarter of a megabyte.
    retain: 100,
    completedQueueSize: 0,
  };
}

try {
  await main();
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
