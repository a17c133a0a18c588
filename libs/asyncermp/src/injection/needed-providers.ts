import { Scope, type Provider } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import { dependenciesOf } from './class-dependencies.js';
import { isStandIn } from './main-stand-in.js';
import {
  addProvider,
  classOfModule,
  dynamicOptionsOf,
  resolvedDependencies,
  type InstanceWrapper,
  type ModuleRecord,
  type NestInternals,
} from './nest-internals.js';

/** What is needed of one module, by the places in its collections. */
export interface NeededOfModule {
  readonly providers: ReadonlySet<number>;
  readonly controllers: ReadonlySet<number>;
  /** Whether the module is in use, so that its own class is built and its hooks run. */
  readonly isUsed: boolean;
}

/** Where handlers, and what the option `include` names, stand in a scanned container. */
export interface Targets {
  readonly wrappers: readonly InstanceWrapper[];
  /** Modules whose providers are all needed. */
  readonly modules: ReadonlySet<ModuleRecord>;
}

/**
 * What of a scanned container has to be built for these targets, by the place of the module in the container:
 *
 * - what Nest's own injector resolves for them, transitively. It runs in preview mode, which resolves
 *   every dependency and creates nothing;
 * - the class of each module that provides any of it (but stand-ins), since its hooks may open and close what the providers use;
 * - the values of these modules, and the factories that no class of the application injects: `@nestjs/config`
 *   loads its files in such a factory.
 *
 * The container cannot be used to build anything afterwards.
 */
export async function neededProviders(
  container: NestContainer,
  internals: NestInternals,
  targets: Targets,
): Promise<readonly NeededOfModule[]> {
  const modules = [...container.getModules().values()] as ModuleRecord[];
  const search = new Search(container, modules, new internals.Injector({ preview: true }));
  search.prepare();
  for (const wrapper of targets.wrappers) {
    await search.need(wrapper);
  }
  for (const module of targets.modules) {
    for (const wrapper of module.providers.values()) {
      await search.need(wrapper);
    }
  }
  await search.completeModules();
  await search.addAliases();
  return modules.map((module) => search.ofModule(module));
}

class Search {
  readonly #container: NestContainer;
  readonly #modules: readonly ModuleRecord[];
  readonly #injector: InstanceType<NestInternals['Injector']>;
  readonly #needed = new Set<InstanceWrapper>();
  readonly #used = new Set<ModuleRecord>();
  readonly #places = new Map<ModuleRecord, readonly InstanceWrapper[]>();
  /** The tokens that any class or factory of the application injects. */
  readonly #injected = new Set<unknown>();

  constructor(
    container: NestContainer,
    modules: readonly ModuleRecord[],
    injector: InstanceType<NestInternals['Injector']>,
  ) {
    this.#container = container;
    this.#modules = modules;
    this.#injector = injector;
  }

  prepare(): void {
    for (const module of this.#modules) {
      this.#places.set(module, [...module.providers.values()]);
      for (const collection of [module.providers, module.injectables, module.controllers]) {
        for (const wrapper of collection.values()) {
          this.#noteInjected(wrapper);
          this.#injector.loadPrototype(wrapper, collection as Map<unknown, InstanceWrapper>);
        }
      }
    }
  }

  async need(start: InstanceWrapper): Promise<void> {
    const open = [start];
    for (let wrapper = open.pop(); wrapper; wrapper = open.pop()) {
      if (this.#needed.has(wrapper) || !wrapper.host) {
        continue;
      }
      this.#needed.add(wrapper);
      if (!isStandIn(wrapper.instance)) {
        this.#used.add(wrapper.host);
      }
      await this.#resolve(wrapper, wrapper.host);
      open.push(...resolvedDependencies(wrapper));
    }
  }

  /** Adds the classes of the modules in use, and their factories that are there for a side effect. */
  async completeModules(): Promise<void> {
    for (let before = -1; before !== this.#needed.size;) {
      before = this.#needed.size;
      const classes = new Set([...this.#used].map(classOfModule));
      for (const module of this.#modules) {
        const isDynamic = dynamicOptionsOf(this.#container, module) !== undefined;
        // Of `ConfigModule.forFeature()`, say, no provider may be injected: `get()` reads what it loads.
        if (!this.#used.has(module) && !(isDynamic && classes.has(classOfModule(module)))) {
          continue;
        }
        this.#used.add(module);
        for (const wrapper of this.#places.get(module) ?? []) {
          if (wrapper.token === module.metatype || this.#isSideEffect(wrapper)) {
            await this.need(wrapper);
          }
        }
      }
    }
  }

  /** Adds the aliases (`useExisting`) of what is needed: an alias that was injected left no trace of itself. */
  async addAliases(): Promise<void> {
    for (const module of this.#modules) {
      for (const wrapper of this.#places.get(module) ?? []) {
        if (wrapper.isAlias) {
          await this.#injector.loadProvider(wrapper, module);
          if (resolvedDependencies(wrapper).every((target) => this.#needed.has(target))) {
            this.#needed.add(wrapper);
          }
        }
      }
    }
  }

  ofModule(module: ModuleRecord): NeededOfModule {
    const isUsed = this.#used.has(module);
    const providers = new Set<number>();
    for (const [place, wrapper] of (this.#places.get(module) ?? []).entries()) {
      if (this.#needed.has(wrapper) || (isUsed && isValue(wrapper))) {
        providers.add(place);
      }
    }
    const controllers = new Set<number>();
    for (const [place, wrapper] of [...module.controllers.values()].entries()) {
      if (this.#needed.has(wrapper)) {
        controllers.add(place);
      }
    }
    return { providers, controllers, isUsed };
  }

  /**
   * Lets Nest resolve the dependencies. A factory that injects the provider asks for them, because Nest
   * resolves a transient provider only for who injects it.
   */
  async #resolve(wrapper: InstanceWrapper, module: ModuleRecord): Promise<void> {
    if (!module.providers.has(wrapper.token)) {
      // A controller: no provider can inject it, and its own dependencies are those of a class.
      addProvider(module, wrapper.metatype as Provider);
      const provider = module.providers.get(wrapper.token);
      if (provider !== undefined) {
        this.#injector.loadPrototype(provider, module.providers as Map<unknown, InstanceWrapper>);
        await this.need(provider);
      }
      return;
    }
    const token = Symbol('asker');
    addProvider(module, { provide: token, useFactory: () => undefined, inject: [wrapper.token] });
    const asker = module.providers.get(token);
    try {
      if (asker !== undefined) {
        await this.#injector.loadProvider(asker, module);
      }
      // With forwardRef(), Nest resolves the dependencies of the other side later.
      await this.#injector.loadProvider(wrapper, module);
      if (wrapper.scope === Scope.REQUEST) {
        // loadProvider() of Nest 11 leaves it for the first request, and resolves nothing.
        const providers = module.providers as Map<unknown, InstanceWrapper>;
        await this.#injector.loadInstance(wrapper, providers, module);
      }
    } finally {
      module.providers.delete(token);
    }
  }

  #isSideEffect(wrapper: InstanceWrapper): boolean {
    const isEnhancer = wrapper.subtype !== undefined;
    return isFactory(wrapper) && !isEnhancer && !this.#injected.has(wrapper.token);
  }

  #noteInjected(wrapper: InstanceWrapper): void {
    const { inject, metatype } = wrapper as { inject?: unknown; metatype: unknown };
    const tokens: unknown[] = Array.isArray(inject)
      ? inject.map(injectedToken)
      : typeof metatype === 'function' && !wrapper.isNotMetatype
        ? dependenciesOf(metatype).map(({ token }) => token)
        : [];
    for (const token of tokens) {
      this.#injected.add(token);
    }
  }
}

/** A provider without a class or a factory: `useValue`, and what Nest itself puts into each module. */
function isValue(wrapper: InstanceWrapper): boolean {
  return wrapper.isNotMetatype && !wrapper.isFactory && wrapper.subtype === undefined;
}

function isFactory(wrapper: InstanceWrapper): boolean {
  return wrapper.isFactory && !wrapper.isAlias;
}

function injectedToken(injected: unknown): unknown {
  if (typeof injected !== 'object' || injected === null) {
    return injected;
  }
  const token: unknown = 'token' in injected ? injected.token : injected;
  return typeof token === 'object' && token !== null && 'forwardRef' in token
    ? (token as { forwardRef: () => unknown }).forwardRef()
    : token;
}
