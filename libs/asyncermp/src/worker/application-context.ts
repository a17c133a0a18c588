import type { INestApplicationContext, LoggerService, LogLevel, Type } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import {
  hostOptionsOf,
  type CpuTaskHostOptions,
  type ModuleImport,
} from '../injection/handler-registry.js';
import type { RootModule, WorkerOptions } from '../injection/module-registry.js';
import {
  neededProviders,
  type NeededOfModule,
  type Targets,
} from '../injection/needed-providers.js';
import type { NestCore } from '../injection/nest-core.js';
import {
  addProvider,
  classOfModule,
  internalsOf,
  type InstanceWrapper,
  type ModuleRecord,
  type NestInternals,
} from '../injection/nest-internals.js';

/** What the context of a worker is built of. */
export interface ApplicationContextOptions {
  readonly core: NestCore;
  readonly root: RootModule;
  /** The classes of the handlers. */
  readonly classes: readonly Type<object>[];
  readonly include: NonNullable<WorkerOptions['include']>;
  /** Returns the stand-in of a provider that stays in the application; undefined for all others. */
  readonly standInOf: (token: unknown) => object | undefined;
  readonly logger: LoggerService | LogLevel[] | false;
  /** Creates an application context of Nest's own, whatever guards `NestFactory`. */
  readonly createContext: (root: Type<unknown>) => Promise<INestApplicationContext>;
}

/** A context, and the wrapper of each handler's class in it. */
export interface ApplicationContext {
  readonly context: INestApplicationContext;
  readonly wrappers: ReadonlyMap<Type<object>, InstanceWrapper>;
  /** The names of the providers that were built, by module: for the log. */
  readonly built: ReadonlyMap<string, readonly string[]>;
  /** The instances of these providers. */
  readonly instances: () => readonly BuiltInstance[];
}

/** An instance that a worker built. */
export interface BuiltInstance {
  readonly token: unknown;
  /** The name of its module; undefined if the worker has no modules of the application. */
  readonly module: string | undefined;
  readonly instance: object;
}

/**
 * Builds what the handlers need from the application's own module graph, with Nest's own scanner, injector
 * and loader: the same tokens, factories, modules and hooks. There are no controllers, no HTTP server, no
 * schedules, queue processors or listeners, because nothing that finds them sees a class in the worker.
 *
 * The graph is scanned twice. In the first container Nest resolves what is needed, which leaves marks in its
 * records; the second one is built, without the rest.
 *
 * @throws what Nest throws, and Error if a handler's class is no provider of the graph
 */
export async function createApplicationContext(
  options: ApplicationContextOptions,
): Promise<ApplicationContext> {
  const { core, classes, include, logger, createContext } = options;
  const probe = await createContext(class AsyncerMpProbeModule {});
  const internals = internalsOf(probe.get(core.LazyModuleLoader));
  const hosts: ModuleImport[] = [];
  let preview = await scan(options, hosts, internals);
  hosts.push(...hostImportsIn(preview));
  if (hosts.length > 0) {
    preview = await scan(options, hosts, internals);
  }
  const needed = await neededProviders(preview, internals, targetsIn(preview, classes, include));

  const container = await scan(options, hosts, internals);
  prune(container, needed, core);
  // Nest writes into its one logger of the thread.
  core.Logger.overrideLogger(logger);
  const silent = { log: () => undefined };
  await new internals.Loader(
    container,
    new internals.Injector(),
    NO_INSPECTOR,
    silent,
  ).createInstancesOfDependencies();
  const visible = new Set(targetsIn(container, [], include).wrappers);
  hideFromDiscovery(container, core, visible);
  const [first] = container.getModules().values();
  const context = new core.NestApplicationContext(container, { logger: false }, first ?? null);
  await context.init();
  return {
    context,
    wrappers: wrappersOf(container, classes),
    built: builtIn(container, needed),
    instances: () => instancesIn(container, core.tokens),
  };
}

/** Nest writes the graph into an inspector, for its developer tools. */
const NO_INSPECTOR = new Proxy({}, { get: () => () => undefined });

/**
 * @param hosts - The modules that `@CpuTaskHost()` imports.
 */
async function scan(
  { root, core, standInOf }: ApplicationContextOptions,
  hosts: readonly ModuleImport[],
  { Scanner }: NestInternals,
): Promise<NestContainer> {
  const config = new core.ApplicationConfig();
  const container = new core.NestContainer(config, {});
  container.setHttpAdapter(null);
  const scanner = new Scanner(container, new core.MetadataScanner(), NO_INSPECTOR, config);
  await scanner.scan({ module: AsyncerMpWorkerModule, imports: [root, ...hosts] });
  applyHosts(container, hosts.length);
  placeStandIns(container, standInOf);
  return container;
}

/** The root module of a worker. */
class AsyncerMpWorkerModule {}

function hostImportsIn(container: NestContainer): ModuleImport[] {
  const imports = new Set<ModuleImport>();
  for (const [, host] of hostsIn(container)) {
    for (const module of host.imports ?? []) {
      imports.add(module);
    }
  }
  return [...imports];
}

function* hostsIn(container: NestContainer): Generator<[ModuleRecord, CpuTaskHostOptions]> {
  for (const module of [...container.getModules().values()] as ModuleRecord[]) {
    for (const { metatype } of [...module.providers.values(), ...module.controllers.values()]) {
      const host = typeof metatype === 'function' ? hostOptionsOf(metatype) : undefined;
      if (host !== undefined) {
        yield [module, host];
      }
    }
  }
}

/**
 * What `@CpuTaskHost()` gives replaces what the module of the class has: its providers, and by its
 * imports what the module imports.
 */
function applyHosts(container: NestContainer, imports: number): void {
  const modules = [...container.getModules().values()] as ModuleRecord[];
  const worker = modules.find((each) => classOfModule(each) === AsyncerMpWorkerModule);
  // Behind the application's root, and before the global modules, which Nest adds.
  const given = [...(worker?.imports ?? [])].slice(1, 1 + imports);
  for (const [module, host] of hostsIn(container)) {
    for (const provider of host.providers ?? []) {
      addProvider(module, provider);
    }
    if (host.imports?.length) {
      importFirst(module, given);
    }
  }
}

/** A provider that stays in the application is a value here, so nothing that it depends on is needed. */
function placeStandIns(
  container: NestContainer,
  standInOf: ApplicationContextOptions['standInOf'],
): void {
  const [, ...modules] = container.getModules().values() as Iterable<ModuleRecord>;
  for (const module of modules) {
    for (const token of module.providers.keys()) {
      const standIn = standInOf(token);
      if (standIn !== undefined) {
        addProvider(module, { provide: token, useValue: standIn });
      }
    }
  }
}

/** Nest looks for a token in the imports by their order. */
function importFirst(module: ModuleRecord, first: readonly ModuleRecord[]): void {
  const others = [...module.imports];
  module.imports.clear();
  for (const imported of [...first, ...others]) {
    module.imports.add(imported);
  }
}

function targetsIn(
  container: NestContainer,
  classes: readonly Type<object>[],
  include: NonNullable<WorkerOptions['include']>,
): Targets {
  const wanted = new Set<unknown>(classes);
  const named = new Set<unknown>(include);
  const wrappers: InstanceWrapper[] = [];
  const modules = new Set<ModuleRecord>();
  for (const module of container.getModules().values() as Iterable<ModuleRecord>) {
    if (named.has(module.metatype)) {
      modules.add(module);
    }
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()]) {
      if (isOf(wrapper, wanted) || (named.has(wrapper.token) && !modules.has(module))) {
        wrappers.push(wrapper);
      }
    }
  }
  return { wrappers, modules };
}

/** Whether the wrapper provides one of the classes, by itself or by a factory. */
function isOf(wrapper: InstanceWrapper, classes: ReadonlySet<unknown>): boolean {
  return (
    !wrapper.isAlias &&
    (wrapper.isNotMetatype ? classes.has(wrapper.token) : classes.has(wrapper.metatype))
  );
}

/** Removes what is not needed from a container that nothing was built in. */
function prune(
  container: NestContainer,
  needed: readonly NeededOfModule[],
  { ModuleRef, ApplicationConfig }: NestCore,
): void {
  const modules = container.getModules().values() as Iterable<ModuleRecord>;
  let place = 0;
  for (const module of modules) {
    const { providers, controllers, isUsed } = needed[place] ?? NOTHING;
    const isNestsOwn = place === 0;
    place += 1;
    const hosts = [...module.controllers.values()].filter((_, at) => controllers.has(at));
    module.controllers.clear();
    module.injectables.clear();
    for (const [at, [token, wrapper]] of [...module.providers].entries()) {
      const isBasic =
        token === ModuleRef || token === ApplicationConfig || token === module.metatype;
      if (!isNestsOwn && !isBasic && !providers.has(at)) {
        module.providers.delete(token);
      } else {
        // A worker serves no requests, so nothing would call guards, interceptors, pipes and filters.
        wrapper.getEnhancersMetadata()?.splice(0);
      }
    }
    for (const { metatype } of hosts) {
      addProvider(module, metatype as Type<object>);
    }
    if (!isUsed && !isNestsOwn) {
      retire(module);
    }
  }
}

const NOTHING: NeededOfModule = { providers: new Set(), controllers: new Set(), isUsed: false };

/** Replaces the class of a module by an empty one, since its constructor and hooks may start things. */
function retire(module: ModuleRecord): void {
  const wrapper = module.providers.get(module.metatype) as
    { metatype: unknown; instance: unknown } | undefined;
  if (wrapper !== undefined) {
    wrapper.metatype = UnusedModule;
    wrapper.instance = Object.create(UnusedModule.prototype);
  }
}

class UnusedModule {}

/**
 * Schedules, queue processors and listeners are methods that a package finds through `DiscoveryService`. The
 * application has them already, so in a worker it finds only what the option `include` names.
 */
function hideFromDiscovery(
  container: NestContainer,
  { DiscoveryService }: NestCore,
  visible: ReadonlySet<InstanceWrapper>,
): void {
  for (const module of container.getModules().values() as Iterable<ModuleRecord>) {
    const discovery: unknown = module.providers.get(DiscoveryService)?.instance;
    if (!(discovery instanceof DiscoveryService)) {
      continue;
    }
    for (const method of ['getProviders', 'getControllers'] as const) {
      const all = discovery[method].bind(discovery) as (...args: unknown[]) => InstanceWrapper[];
      Object.defineProperty(discovery, method, {
        value: (...args: unknown[]) => all(...args).filter((wrapper) => visible.has(wrapper)),
      });
    }
  }
}

function wrappersOf(
  container: NestContainer,
  classes: readonly Type<object>[],
): Map<Type<object>, InstanceWrapper> {
  const found = new Map<Type<object>, InstanceWrapper>();
  for (const target of classes) {
    const [wrapper] = targetsIn(container, [target], []).wrappers;
    if (wrapper === undefined) {
      throw new Error(
        `${target.name} is no provider of the application's root module, as a worker sees it`,
      );
    }
    found.set(target, wrapper);
  }
  return found;
}

function builtIn(
  container: NestContainer,
  needed: readonly NeededOfModule[],
): Map<string, readonly string[]> {
  const built = new Map<string, readonly string[]>();
  let place = 0;
  for (const module of container.getModules().values() as Iterable<ModuleRecord>) {
    if (place > 0 && needed[place]?.isUsed) {
      built.set(
        module.name,
        [...module.providers.values()]
          .filter(({ isNotMetatype }) => !isNotMetatype)
          .map(({ name }) => String(name)),
      );
    }
    place += 1;
  }
  return built;
}

/**
 * The singletons of classes and factories.
 *
 * @param nests - The tokens of what Nest itself puts into each module, which keeps state of the application.
 */
function instancesIn(container: NestContainer, nests: ReadonlySet<unknown>): BuiltInstance[] {
  const found: BuiltInstance[] = [];
  const [, ...modules] = container.getModules().values() as Iterable<ModuleRecord>;
  for (const { name, metatype, providers } of modules) {
    for (const wrapper of providers.values()) {
      const { token, instance, isTransient, isAlias } = wrapper;
      const isMade =
        typeof wrapper.metatype === 'function' && token !== metatype && !nests.has(token);
      if (isMade && !isAlias && !isTransient && typeof instance === 'object' && instance !== null) {
        found.push({ token, module: name, instance });
      }
    }
  }
  return found;
}
