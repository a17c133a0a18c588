import { threadId } from 'node:worker_threads';
import type { Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { AsyncerMpModule, ConfigurationError, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { AreaService, GeometryModule } from 'survey-geometry';
import { afterEach, describe, expect, it } from 'vitest';
import { ContoursModule, ContoursService } from '../src/contours/index.js';

const TRIANGLE = [
  { x: 0, y: 0 },
  { x: 2, y: 0 },
  { x: 0, y: 2 },
];

describe('handlers in a test', () => {
  let module: TestingModule | undefined;

  afterEach(() => module?.close());

  it('run where they are called, inline', async () => {
    module = await testing(ContoursModule, { isolation: 'inline' });
    await module.init();
    const answer = await module.get(ContoursService).turn({ x: 1, y: 0 }, { x: 0, y: 1 });
    expect(answer).toEqual({ value: 1, threadId });
  });

  it('run in workers, where they are compiled', async () => {
    module = await testing(GeometryModule, { maxProcesses: 1 });
    await module.init();
    const answer = await module.get(AreaService).area(TRIANGLE);
    expect(answer.value).toBe(2);
    expect(answer.threadId).not.toBe(threadId);
  });

  it('keep the application from starting, where only the test runner can read them', async () => {
    // Not closed: an application that did not start leaves nothing running.
    const unstarted = await testing(ContoursModule, { maxProcesses: 1 });
    const error: unknown = await unstarted.init().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/contours\.service\.ts.*isolation: 'inline'/),
    });
  });
});

async function testing(handlers: Type<object>, options: AsyncerMpOptions): Promise<TestingModule> {
  const imports = [AsyncerMpModule.forRoot(options), handlers];
  const module = await Test.createTestingModule({ imports }).compile();
  module.useLogger(false);
  return module;
}
