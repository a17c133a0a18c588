import type { DynamicModule, LoggerService, LogLevel, Provider } from '@nestjs/common';
import { type HandlerDefinition, allHandlers, coreOf } from '../injection/handler-registry.js';
import { nestCore, onNestCore } from '../injection/nest-core.js';
import type { WorkerManifest } from '../protocol/envelope.js';
import { ConfigurationError } from '../contract/errors.js';
import type { RunnableHandler } from './attempt-runner.js';
import { urlOf } from './file-url.js';
import { NestFactoryGuard } from './nest-factory.guard.js';
import { describeProblem } from '../injection/plan-problems.js';
import { planWorkerModule } from '../injection/worker-module.plan.js';

/** The one application context of a worker, with the handlers' providers. */
export interface WorkerContainer {
  /** In the order of the manifest. */
  readonly handlers: readonly RunnableHandler[];
  /** Runs the shutdown hooks of the worker's providers. */
  close(): Promise<void>;
}

interface WorkerContainerOptions {
  readonly logger: LoggerService | LogLevel[] | false;
  /** Returns the stand-ins. Called after the import of the handlers' files, which register them. */
  readonly standIns: () => readonly Provider[];
  /** Whether a task runs the calling code. Tasks may create applications of their own. */
  readonly isTaskRunning: () => boolean;
}

/**
 * Imports the handlers' files and builds their providers, with lifecycle hooks as in any application.
 *
 * @throws What a file throws on import, what Nest throws when it builds a provider, and ConfigurationError
 * for a handler that its file does not define.
 */
export async function createWorkerContainer(
  manifest: WorkerManifest,
  { logger, standIns, isTaskRunning }: WorkerContainerOptions,
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
    standIns: standIns(),
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
      // resolve() and not get(), which throws for transient providers.
      instance: await context.resolve(definition.target, undefined, { strict: false }),
    })),
  );
  return { handlers, close: () => context.close() };
}

/** The root module of a worker. */
class AsyncerMpWorkerModule {}

async function importFile(file: string): Promise<void> {
  try {
    // The comments keep bundlers from resolving the import: the file exists only in the built application.
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

/** The definition with this name. If several files define one, those of the manifest take precedence. */
function findHandler(name: string, { files }: WorkerManifest): HandlerDefinition {
  const urls = new Set(files.map(urlOf));
  const named = allHandlers().filter((definition) => definition.name === name);
  const inManifest = named.filter(({ file }) => file !== undefined && urls.has(urlOf(file)));
  const found = inManifest.at(-1) ?? named.at(-1);
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
