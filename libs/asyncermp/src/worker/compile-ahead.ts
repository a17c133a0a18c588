import { nestCore } from '../injection/nest-core.js';

/** Builds and closes a small application, so that V8 has compiled what builds a worker's providers. */
export async function compileAhead(): Promise<void> {
  const module = {
    module: class SmallModule {},
    providers: [
      Small,
      { provide: 'twice', useFactory: (small: Small) => [small], inject: [Small] },
    ],
  };
  const context = await nestCore.NestFactory.createApplicationContext(module, {
    logger: false,
    abortOnError: false,
  });
  await context.close();
}

class Small {}
