import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CompletionsListener } from './completions.listener.js';
import { SumsService, type Answer } from './sums.service.js';

/** What the application prints, one JSON document per line. */
export type Line =
  | { readonly kind: 'booted'; readonly port: number }
  | { readonly kind: 'answer'; readonly of: string; readonly answer: Answer }
  | { readonly kind: 'error'; readonly error: Record<string, unknown> }
  | { readonly kind: 'seen'; readonly seen: readonly string[] }
  | { readonly kind: 'closed' };

export function print(line: Line): void {
  console.log(JSON.stringify(line));
}

/** Serves, runs each handler once, and closes. */
export async function serveOnce(
  root: Type<object>,
  inEntryFile: Type<{ whereAmI(): Promise<Answer> }>,
): Promise<void> {
  const app = await NestFactory.create(root, { logger: ['fatal'] });
  await app.listen(0, '127.0.0.1');
  print({ kind: 'booted', port: (app.getHttpServer().address() as { port: number }).port });

  const sums = app.get(SumsService);
  print({ kind: 'answer', of: 'SumsService', answer: await sums.scaledSum(1_000) });
  print({ kind: 'answer', of: 'the entry file', answer: await app.get(inEntryFile).whereAmI() });
  try {
    await sums.fail();
  } catch (error) {
    print({ kind: 'error', error: describeError(error as Error) });
  }
  print({ kind: 'seen', seen: app.get(CompletionsListener).seen });

  await app.close();
  print({ kind: 'closed' });
}

function describeError(error: Error): Record<string, unknown> {
  const cause = error.cause as Error;
  return {
    isRangeError: error instanceof RangeError,
    message: error.message,
    causeIsTypeError: cause instanceof TypeError,
    cause: cause.message,
  };
}
