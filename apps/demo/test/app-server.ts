import {
  Controller,
  Get,
  Inject,
  Module,
  Param,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AsyncerMpService, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { expect } from 'vitest';
import { AppModule, configureApp, SumsTasks } from './built.js';

/** A sum that takes longer than any test: for tasks that are cancelled. */
export const FOREVER = 1_000_000_000;

/** The demo's application on a free port, and a client of it. */
export class AppServer {
  private constructor(
    readonly app: INestApplication,
    readonly origin: string,
  ) {}

  static async start(pool: AsyncerMpOptions = {}): Promise<AppServer> {
    const app = await NestFactory.create<NestExpressApplication>(
      TestModule.forRoot({ maxProcesses: 1, ...pool }),
      {
        logger: false,
        abortOnError: false,
      },
    );
    configureApp(app);
    await app.listen(0, '127.0.0.1');
    return new AppServer(app, await app.getUrl());
  }

  /** @param body - JSON text, or a value that becomes JSON. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.origin + path, {
      method,
      signal: AbortSignal.timeout(40_000),
      ...(body !== undefined && {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    expect(response.headers.get('content-type')).toContain('application/json');
    const { status, headers } = response;
    return { status, headers, body: (await response.json()) as Answer['body'] };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Submits what no client can, since these errors need an HTTP status as well. */
@Controller('mistakes')
class MistakesController {
  readonly #mp: AsyncerMpService;

  constructor(@Inject(AsyncerMpService) mp: AsyncerMpService) {
    this.#mp = mp;
  }

  @Get(':kind')
  async make(@Param('kind') kind: string): Promise<void> {
    if (kind === 'option') {
      await this.#mp.submit(SumsTasks, 'sumOfSquares', [1], { timeout: -1 });
    }
    if (kind === 'argument') {
      await this.#mp.submit('SumsTasks.sumOfSquares', [() => 1]);
    }
    if (kind === 'handler') {
      await this.#mp.submit('SumsTasks.sumOfCubes', [1]);
    }
  }
}

@Module({})
class TestModule {
  static forRoot(pool: AsyncerMpOptions): DynamicModule {
    const imports = [AppModule.forRoot(pool)];
    return { module: TestModule, imports, controllers: [MistakesController] };
  }
}
