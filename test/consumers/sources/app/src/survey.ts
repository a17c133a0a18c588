import { once } from 'node:events';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { AsyncerMpService, TaskEvent } from 'nestjs-asyncermp';
import type { Answer } from 'survey-geometry';
import { adapter } from './adapter.js';
import { ContoursService } from './contours/index.js';
import { OutcomesListener } from './outcomes.listener.js';
import { print, reportOf } from './report.js';
import { SlopeService } from './terrain/slope.service.js';
import { TrialsService } from './trials/trials.service.js';

/** Boots the application, has every handler do its work once, and closes; or serves on, as a server does. */
export async function survey(
  root: Type<object>,
  inEntryFile: Type<{ camp(): Promise<Answer> }>,
): Promise<void> {
  const app = await NestFactory.create(root, adapter, { logger: ['fatal'], abortOnError: false });
  await app.listen(0, '127.0.0.1');
  print({ kind: 'booted' });

  await answer('SlopeService', app.get(SlopeService).ascent([0, 2, 1, 4]));
  await answer('ContoursService', app.get(ContoursService).turn({ x: 1, y: 0 }, { x: 0, y: 1 }));
  await answer('the entry file', app.get(inEntryFile).camp());
  await answer('GET /areas/unit-square', get(app, '/areas/unit-square'));
  await error('fail', app.get(TrialsService).fail());
  await error('cancel', cancelUnderWay(app));
  const mp = app.get(AsyncerMpService);
  await error('timeout', mp.run(TrialsService, 'walkForever', [], { timeout: 100 }));

  print({ kind: 'seen', seen: app.get(OutcomesListener).seen });
  print({ kind: 'surveyed' });
  if (process.env.SURVEY_SERVES_ON === undefined) {
    await app.close();
    print({ kind: 'closed' });
  }
}

async function answer(of: string, answering: Promise<Answer>): Promise<void> {
  print({ kind: 'answer', of, answer: await answering });
}

async function error(of: string, failing: Promise<unknown>): Promise<void> {
  try {
    await failing;
  } catch (thrown) {
    print({ kind: 'error', of, error: reportOf(thrown as Error) });
  }
}

async function get(app: INestApplication, path: string): Promise<Answer> {
  const response = await fetch((await app.getUrl()) + path);
  return (await response.json()) as Answer;
}

async function cancelUnderWay(app: INestApplication): Promise<never> {
  const isUnderWay = once(app.get(EventEmitter2), TaskEvent.Progress);
  const task = await app.get(AsyncerMpService).submit(TrialsService, 'walkForever', []);
  await isUnderWay;
  task.cancel('the weather');
  return task.result;
}
