import type { DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AsyncerMpService } from 'nestjs-asyncermp';
import {
  AsyncerMpTestingModule,
  AsyncerMpTestingService,
  type AsyncerMpTestingOptions,
} from 'nestjs-asyncermp/testing';
import { PressService } from '../.fixtures/press.service.js';
import { closeLater } from '../support/application.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** A testing module around the press, which is closed at the end of the test. */
export async function setUp(
  options?: number | AsyncerMpTestingOptions,
  ...imports: DynamicModule[]
) {
  const module = await Test.createTestingModule({
    imports: [AsyncerMpTestingModule.forRoot(options), ...imports],
    providers: [PressService],
  })
    // Failures are what these tests are about.
    .setLogger(new RecordingLogger())
    .compile();
  closeLater(await module.init());
  return {
    module,
    mp: module.get(AsyncerMpService),
    testing: module.get(AsyncerMpTestingService),
    press: module.get(PressService),
  };
}

/** All that comes of it. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) {
    list.push(item);
  }
  return list;
}
