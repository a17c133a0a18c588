import type {
  DynamicModule,
  INestApplicationContext,
  InjectionToken,
  LoggerService,
  LogLevel,
  Provider,
  Type,
} from '@nestjs/common';
import { ConfigurationError } from '../contract/errors.js';
import type { TaskInterceptor } from '../contract/interceptor.js';
import { type HandlerDefinition, allHandlers, coreOf } from '../injection/handler-registry.js';
import { isStandIn, standInsFor, type CallsApplication } from '../injection/main-stand-in.js';
import {
  findRegistration,
  type ModuleRegistration,
  type RootModule,
} from '../injection/module-registry.js';
import { nestCore, onNestCore, type NestCore } from '../injection/nest-core.js';
import type { InstanceWrapper } from '../injection/nest-internals.js';
import { describeProblem, tokenText } from '../injection/plan-problems.js';
import { planWorkerModule } from '../injection/worker-module.plan.js';
import type { WorkerManifest } from '../protocol/envelope.js';
import { emptyFieldsOf, type InstanceShape } from '../protocol/instance-shape.js';
import type { InjectionPlan } from '../protocol/injection-plan.js';
import { contextInterceptors, contextNames } from './contexts.js';
import { createApplicationContext, type BuiltInstance } from './application-context.js';
import type { RunnableHandler } from './attempt-runner.js';
import { holdBackEntryEffects } from './entry-effects.js';
import { urlOf } from './file-url.js';
import { FileImports } from './file-imports.js';
import { NestFactoryGuard } from './nest-factory.guard.js';
import { perTask } from './per-task.js';
import { rootModule } from './root-module.js';

/** The one application context of a worker, with the handlers' providers. */
export interface WorkerContainer {
  /** In the order of the manifest. */
  readonly handlers: readonly RunnableHandler[];
  /** The application's own, around each attempt. */
  readonly interceptors: readonly TaskInterceptor[];
  /** Describes the instances of its providers. */
  shapes(): InstanceShape[];
  /** Runs the shutdown hooks of the worker's providers. */
  close(): Promise<void>;
}

interface WorkerContainerOptions {
  readonly logger: LoggerService | LogLevel[] | false;
  /** Returns the stand-ins. Called after the import of the handlers' files, which register them. */
  readonly standIns: () => readonly Provider[];
  /** Calls the providers that stay in the application. */
  readonly application: CallsApplication;
  /** Whether a task runs the calling code. Tasks may create applications of their own. */
  readonly isTaskRunning: () => boolean;
  /** Whether this thread evaluates a bundle of the application meanwhile. Default false. */
  readonly isBundle?: boolean;
  /** The number of the cluster's child that the application is. Default: it is none. */
  readonly clusterWorker?: number | undefined;
}

/**
 * Imports the handlers' files and builds their providers, with lifecycle hooks as in any application: from
 * the application's own module graph, or from the classes alone, as the plan says.
 *
 * @throws What a file throws on import, what Nest throws when it builds a provider, and ConfigurationError
 * for a handler that its file does not define.
 */
export async function createWorkerContainer(
  manifest: WorkerManifest,
  planned: Promise<InjectionPlan>,
  options: WorkerContainerOptions,
): Promise<WorkerContainer> {
  // At once: where this thread runs a bundle, the application's own code comes next.
  const guard = new NestFactoryGuard(options.isTaskRunning);
  guard.protect(nestCore.NestFactory);
  onNestCore(({ NestFactory }) => guard.protect(NestFactory));
  if (options.isBundle) {
    holdBackEntryEffects(guard, options.clusterWorker);
  }
  const plan = await planned;
  if (plan.root || options.clusterWorker !== undefined || importsEntry(manifest, plan)) {
    holdBackEntryEffects(guard, options.clusterWorker);
  }

  const files = new FileImports(guard);
  // First, and so in the same order as in the application: decorators of packages depend on it.
  const registration = await importRegistration(plan, files);
  await registration?.options.setup?.();
  const root = plan.root && (await rootModule(plan.root, registration, files));
  for (const file of manifest.files) {
    await files.import(file);
  }

  const standInOf = standInsFor(plan.main, options.application);
  const definitions = manifest.handlers.map((name) => findHandler(name, manifest));
  const core = definitions[0] === undefined ? nestCore : coreOf(definitions[0]);
  const classes = [...new Set(definitions.map(({ target }) => target))];
  try {
    return await build(
      { definitions, classes, core, root, registration, standInOf },
      guard,
      options,
    );
  } catch (error) {
    throw isGraphError(error) ? graphError(error) : error;
  }
}

function importsEntry({ files }: WorkerManifest, { entry }: InjectionPlan): boolean {
  return entry !== undefined && files.some((file) => urlOf(file) === urlOf(entry));
}

/** What the container is built of. */
interface Parts {
  readonly definitions: readonly HandlerDefinition[];
  readonly classes: readonly Type<object>[];
  readonly core: NestCore;
  readonly root: RootModule | undefined;
  readonly registration: ModuleRegistration | undefined;
  readonly standInOf: (token: unknown) => object | undefined;
}

async function build(
  { definitions, classes, core, root, registration, standInOf }: Parts,
  guard: NestFactoryGuard,
  options: WorkerContainerOptions,
): Promise<WorkerContainer> {
  const interceptors = contextInterceptors(registration?.options.context);
  if (root === undefined) {
    const [context, instances] = await contextOfClasses(classes, core, guard, standInOf, options);
    return container(definitions, interceptors, context, instances, () => undefined);
  }
  const { context, wrappers, built, instances } = await createApplicationContext({
    core,
    root,
    classes,
    include: registration?.options.include ?? [],
    standInOf,
    logger: options.logger,
    createContext: (module) =>
      guard.createApplicationContext(core.NestFactory, module, {
        logger: false,
        abortOnError: false,
      }),
  });
  const parts = [...built].map(([module, providers]) => `${module} (${providers.join(', ')})`);
  new core.Logger('AsyncerMp').debug(`A worker builds from the application: ${parts.join('; ')}`);
  return container(definitions, interceptors, context, instances, (target) => wrappers.get(target));
}

/** Whether Nest found a fault in the modules: another try would find the same. */
function isGraphError(error: unknown): error is Error {
  for (let type = Object.getPrototypeOf(Object(error)) as object | null; type;) {
    if (type.constructor.name === 'RuntimeException') {
      return true;
    }
    type = Object.getPrototypeOf(type) as object | null;
  }
  return false;
}

function graphError(cause: Error): ConfigurationError {
  return new ConfigurationError(
    `A worker cannot build the providers of the handlers: ${cause.message}`,
    {},
    { cause },
  );
}

async function importRegistration(
  { registration }: InjectionPlan,
  files: FileImports,
): Promise<ModuleRegistration | undefined> {
  if (registration === undefined) {
    return undefined;
  }
  const { file, index, contexts } = registration;
  await files.import(file);
  const url = urlOf(file);
  const found = findRegistration((each) => each !== undefined && urlOf(each) === url, index);
  if (found === undefined) {
    throw new ConfigurationError(
      `A worker imported ${file} to find the functions in the options of AsyncerMpModule.forRoot(), and the ` +
        'import did not call it. Call forRoot() in the decorator of a module, at the top level of its file.',
    );
  }
  const names = contextNames(found.options.context);
  if (names.join() !== contexts.join()) {
    throw new ConfigurationError(
      `The option context of AsyncerMpModule.forRoot() in ${file} has the contexts ${contexts.join(', ')} in the ` +
        `application, and ${names.join(', ') || 'none'} in a worker, which evaluates the file again. Give the same ` +
        'contexts in every thread.',
    );
  }
  return found;
}

/** The context of the handlers' classes and of the classes that they inject, without the application's modules. */
async function contextOfClasses(
  classes: readonly Type<object>[],
  { NestFactory, tokens }: NestCore,
  guard: NestFactoryGuard,
  standInOf: (token: unknown) => object | undefined,
  { logger, standIns }: WorkerContainerOptions,
): Promise<[INestApplicationContext, () => BuiltInstance[]]> {
  const plan = await planWorkerModule(classes, {
    coreTokens: tokens,
    standIns: standIns(),
    isMain: (token) => standInOf(token) !== undefined,
  });
  if (plan.problems.length > 0) {
    throw new ConfigurationError(plan.problems.map(describeProblem).join('\n'));
  }
  const root: DynamicModule = {
    module: AsyncerMpWorkerModule,
    imports: [...plan.imports] as NonNullable<DynamicModule['imports']>,
    providers: [
      ...plan.providers,
      ...[...plan.main].map((token) => ({
        provide: token as InjectionToken,
        useValue: standInOf(token),
      })),
    ],
  };
  const context = await guard.createApplicationContext(NestFactory, root, {
    logger,
    abortOnError: false,
  });
  const instances = (): BuiltInstance[] =>
    [...plan.classes].flatMap((token) => {
      const instance = instanceIn(context, token);
      return instance === undefined ? [] : [{ token, module: undefined, instance }];
    });
  return [context, instances];
}

/** Undefined for a class that has more than one instance. */
function instanceIn(context: INestApplicationContext, token: Type<object>): object | undefined {
  try {
    return context.get(token, { strict: false });
  } catch {
    return undefined;
  }
}

/** The root module of a worker. */
class AsyncerMpWorkerModule {}

async function container(
  definitions: readonly HandlerDefinition[],
  interceptors: readonly TaskInterceptor[],
  context: INestApplicationContext,
  instances: () => readonly BuiltInstance[],
  wrapperOf: (target: Type<object>) => InstanceWrapper | undefined,
): Promise<WorkerContainer> {
  const handlers = await Promise.all(
    definitions.map(async (definition): Promise<RunnableHandler> => {
      const wrapper = wrapperOf(definition.target);
      const token = (wrapper?.token as Type<object> | undefined) ?? definition.target;
      if (wrapper?.isDependencyTreeStatic() === false) {
        const { name, run, options } = definition;
        return {
          definition: { name, options, run: perTask(run, context, token) },
          instance: undefined,
        };
      }
      const instance: unknown =
        wrapper?.isTransient === false
          ? wrapper.instance
          : // resolve() and not get(), which throws for transient providers.
            await context.resolve<object>(token, undefined, { strict: false });
      return { definition, instance };
    }),
  );
  return {
    handlers,
    interceptors,
    shapes: () =>
      instances().map(({ token, module, instance }) => ({
        token: tokenText(token),
        module,
        className: instance.constructor.name,
        // A stand-in has no fields, and is meant to be another object than the application's.
        emptyFields: emptyFieldsOf(instance).filter(
          (field) => !isStandIn(Reflect.get(instance, field)),
        ),
      })),
    close: () => context.close(),
  };
}

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
