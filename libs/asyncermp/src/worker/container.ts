import type { DynamicModule, LoggerService, LogLevel, Provider } from '@nestjs/common';
import { type HandlerDefinition, allHandlers, coreOf } from '../injection/handler-registry.js';
import { nestCore, onNestCore } from '../injection/nest-core.js';
import type { WorkerManifest } from '../protocol/envelope.js';
import { ConfigurationError } from '../contract/errors.js';
import { urlOf } from './file-url.js';
import { NestFactoryGuard } from './nest-factory.guard.js';
import { describeProblem } from '../injection/plan-problems.js';
import { planWorkerModule } from '../injection/worker-module.plan.js';

/** A handler that is ready to run: `definition.run.apply(instance, args)`. */
export interface WorkerHandler {
  readonly definition: HandlerDefinition;
  readonly instance: object;
}

/** The providers of the handlers, in the one application context of a worker. */
export interface WorkerContainer {
  /** In the order of the manifest's handlers. */
  readonly handlers: readonly WorkerHandler[];
  /** Runs the shutdown hooks of the worker's providers. */
  close(): Promise<void>;
}

export interface WorkerContainerOptions {
  readonly logger: LoggerService | LogLevel[] | false;
  /** Stand-ins for what this library provides in an application, asked for once the files are imported. */
  readonly inertProviders: () => readonly Provider[];
  /** Whether the code that asks is run by a task, which may create applications of its own. */
  readonly isTaskRunning: () => boolean;
}

/**
 * Imports the files of the handlers and builds their providers, with lifecycle hooks as in any
 * application.
 *
 * @throws What a file throws when it is imported, what Nest throws when it builds a provider, and
 * ConfigurationError for a handler that its file does not define.
 */
export async function createWorkerContainer(
  manifest: WorkerManifest,
  { logger, inertProviders, isTaskRunning }: WorkerContainerOptions,
): Promise<WorkerContainer> {
  const guard = new NestFactoryGuard(isTaskRunning);
  guard.protect(nestCore.NestFactory);
  onNestCore(({ NestFactory }) => guard.protect(NestFactory));
  for (const file of manifest.files) {
    await guard.imported(() => importFile(file));
  }

  const definitions = manifest.handlers.map((name) => findHandler(name, manifest));
  const { NestFactory, tokens } = definitions[0] === undefined ? nestCore : coreOf(definitions[0]);
  const classes = [...new Set(definitions.map(({ target }) => target))];
  const plan = await planWorkerModule(classes, {
    coreTokens: tokens,
    inertProviders: inertProviders(),
  });
  if (plan.problems.length > 0) {
    throw new ConfigurationError(plan.problems.map(describeProblem).join('\n'));
  }
  const root: DynamicModule = {
    module: AsyncerMpWorkerModule,
    imports: [...plan.imports] as NonNullable<DynamicModule['imports']>,
    providers: [...plan.providers],
  };
  const context = await guard.createApplicationContext(NestFactory, root, {
    logger,
    abortOnError: false,
  });
  const handlers = await Promise.all(
    definitions.map(async (definition) => ({
      definition,
      // `resolve` rather than `get`, which refuses transient providers.
      instance: await context.resolve(definition.target, undefined, { strict: false }),
    })),
  );
  return { handlers, close: () => context.close() };
}

/** The root module of a worker. */
class AsyncerMpWorkerModule {}

async function importFile(file: string): Promise<void> {
  try {
    // Bundlers leave it as it is: what it imports is a file of the built application.
    await import(/* webpackIgnore: true */ /* @vite-ignore */ urlOf(file));
  } catch (error) {
    if (!TYPESCRIPT.test(file)) {
      throw error;
    }
    throw new ConfigurationError(
      `A worker cannot import ${file}, which is TypeScript: what reads it in the main thread (a test ` +
        'runner, a loader) is not there in a worker. Compile the files of handlers to JavaScript, or ' +
        "give workers a loader as well, with execArgv: ['--import', ...], or run the handlers where " +
        "they are called, with isolation: 'inline'.",
      {},
      { cause: error },
    );
  }
}

const TYPESCRIPT = /\.[cm]?tsx?$/;

/** The definition of that name, of a file that was asked for where several files define one. */
function findHandler(name: string, { files }: WorkerManifest): HandlerDefinition {
  const urls = new Set(files.map(urlOf));
  const named = allHandlers().filter((definition) => definition.name === name);
  const wanted = named.filter(({ file }) => file !== undefined && urls.has(urlOf(file)));
  const found = wanted.at(-1) ?? named.at(-1);
  if (found !== undefined) {
    return found;
  }
  throw new ConfigurationError(
    `The handler ${name} was not defined when a worker imported ${files.join(', ')}. Define its class ` +
      'at the top level of its file: not inside a function, not after an await, and not only in the ' +
      'main thread.',
    { handler: name },
  );
}
