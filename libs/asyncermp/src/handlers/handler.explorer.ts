import { Injectable, type Provider, type Type } from '@nestjs/common';
import { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { WorkerManifest } from '../protocol/envelope.js';
import { ConfigurationError } from '../contract/errors.js';
import type { EventEmitterLike } from '../engine/task-publisher.js';
import { nestCore } from '../injection/nest-core.js';
import {
  declaresHandlers,
  type HandlerDefinition,
  handlersOf,
} from '../injection/handler-registry.js';
import { originOf, recordInstances, type ModuleRecord } from '../injection/nest-internals.js';
import { tokenText } from '../injection/plan-problems.js';
import type { RunnableHandler } from '../worker/attempt-runner.js';
import { perTask } from '../worker/per-task.js';
import {
  type HandlerProvider,
  classOf,
  instancesOf,
  type InstanceWrapper,
} from './instance-wrapper.js';
import { filesOfSendables } from '../protocol/sendable-classes.js';
import {
  classFindings,
  distinctInstances,
  duplicateNames,
  locationProblems,
  requestScoped,
  type ClassFindings,
} from './handler.problems.js';

/**
 * Finds the handlers among the providers and controllers of the application.
 *
 * It reads the classes, which are known once Nest has scanned the modules, because a task may be submitted
 * before this library's module is initialised. The list of handlers never changes afterwards, because
 * messages to workers identify a handler by its index.
 */
@Injectable()
export class HandlerExplorer {
  readonly #discovery: DiscoveryService;
  readonly #modules: ModulesContainer;
  /** Those that the root module imports, and none that `LazyModuleLoader` loads later. */
  readonly #modulesAtStart: ReadonlySet<unknown>;
  readonly #container: object;
  readonly #moduleRef: ModuleRef;
  #found: readonly HandlerProvider[] | undefined;
  #searched: { readonly modules: number; readonly wrappers: readonly InstanceWrapper[] } = {
    modules: 0,
    wrappers: [],
  };
  #handlers: readonly HandlerDefinition[] | undefined;
  /** The instance of each class that was made last, of those that no record of Nest leads to. */
  readonly #late = new Map<Function, object>();
  /** Handlers that run on an instance of their own for each task, where they run in the application. */
  readonly #perTask = new Map<HandlerDefinition, HandlerDefinition>();

  constructor(discovery: DiscoveryService, modules: ModulesContainer, moduleRef: ModuleRef) {
    this.#discovery = discovery;
    this.#modules = modules;
    this.#modulesAtStart = new Set(modules.values());
    this.#container = recordInstances(moduleRef);
    this.#moduleRef = moduleRef;
  }

  /** The handlers of the application, each once. Messages to workers identify a handler by its index here. */
  get handlers(): readonly HandlerDefinition[] {
    this.#handlers ??= [...new Set(this.#providers.flatMap(({ handlers }) => handlers))];
    return this.#handlers;
  }

  /** The files that a worker imports, and the names of the handlers that it must then have. */
  get manifest(): WorkerManifest {
    const files = this.handlers.flatMap(({ file }) => file ?? []);
    // Behind those of handlers: they mostly import the sendable classes themselves.
    files.push(...filesOfSendables());
    return { files: [...new Set(files)], handlers: this.handlers.map(({ name }) => name) };
  }

  /** Where the instance comes from; undefined if this application's container has not made it. */
  originOf(instance: object): HandlerOrigin | undefined {
    const origin = originOf(instance);
    const maker = origin?.container === this.#container ? origin : undefined;
    if (maker !== undefined && maker.wrapper?.isNotMetatype !== true) {
      if (maker.wrapper?.isDependencyTreeStatic() !== false) {
        this.#late.set(instance.constructor, instance);
      }
      return { kind: 'class' };
    }
    const holders = this.#declaring.filter((wrapper) => instancesOf(wrapper).includes(instance));
    if (maker?.wrapper) {
      holders.push(maker.wrapper);
    }
    const [holder] = holders;
    if (holder === undefined) {
      return undefined;
    }
    return holders.some((wrapper) => !wrapper.isNotMetatype || this.#isProvider(wrapper))
      ? { kind: 'class' }
      : { kind: 'substitute', token: tokenText(holder.token) };
  }

  /** An instance in the application that has the handler; undefined before Nest has built one. */
  instanceOf(definition: HandlerDefinition): object | undefined {
    const provider = this.#providers.find(({ handlers }) => handlers.includes(definition));
    const [instance] = provider === undefined ? [] : instancesOf(provider.wrapper);
    return instance ?? this.#late.get(definition.target);
  }

  /** The handler on the application's own instances: on one for each task, where there is none for all of them. */
  runnable(definition: HandlerDefinition): RunnableHandler {
    // Not before it is called: the application may not have made the instance yet, nor resolved its scope.
    const definitionNow = () => this.#perTask.get(definition) ?? definition;
    const instanceNow = () => this.instanceOf(definition);
    return {
      get definition() {
        return definitionNow();
      },
      get instance() {
        return instanceNow();
      },
    };
  }

  /** The application's `EventEmitter2`; undefined without `EventEmitterModule`. */
  eventEmitter(): EventEmitterLike | undefined {
    return findEventEmitter(this.#discovery.getProviders());
  }

  /**
   * What keeps handlers from being found by their names. Call it when Nest has built the providers.
   *
   * @param inWorkers - Whether handlers run in workers, and not on the application's own instances.
   */
  problems(inWorkers: boolean): string[] {
    for (const { wrapper, handlers } of inWorkers ? [] : this.#providers) {
      if (!wrapper.isDependencyTreeStatic()) {
        this.#runPerTask(handlers, wrapper.token as Type<object>);
      }
    }
    return [
      ...duplicateNames(this.#providers),
      ...distinctInstances(this.#providers),
      ...(inWorkers ? locationProblems(this.#providers) : []),
    ];
  }

  /** The classes with handlers of which there is no one instance, each with its reason. */
  requestScoped(): readonly string[] {
    return requestScoped(this.#providers);
  }

  /** What a worker that builds the handlers' classes alone would have otherwise than the application. */
  classFindings(
    standIns: readonly Provider[],
    isMain: (token: unknown) => boolean = () => false,
    isConfigured: (wrapper: InstanceWrapper) => boolean = () => false,
  ): Promise<ClassFindings> {
    return classFindings(
      this.#providers,
      this.#discovery.getProviders(),
      { coreTokens: nestCore.tokens, standIns, isMain },
      isConfigured,
    );
  }

  #runPerTask(handlers: readonly HandlerDefinition[], token: Type<object>): void {
    for (const definition of handlers) {
      const run = perTask(definition.run, this.#moduleRef, token);
      this.#perTask.set(definition, { ...definition, run });
    }
  }

  get #providers(): readonly HandlerProvider[] {
    this.#found ??= [
      ...this.#discovery.getProviders(),
      ...this.#discovery.getControllers(),
    ].flatMap((wrapper) => {
      const target = this.#modulesAtStart.has(wrapper.host) ? classOf(wrapper) : undefined;
      const handlers = target === undefined ? [] : handlersOf(target);
      return target === undefined || handlers.length === 0 ? [] : [{ wrapper, target, handlers }];
    });
    return this.#found;
  }

  #isProvider(wrapper: InstanceWrapper): boolean {
    return this.#providers.some((provider) => provider.wrapper === wrapper);
  }

  /**
   * What has a class with decorated methods, as far as its instances are there. With guards, interceptors, pipes and
   * filters, which are no handlers, with classes that override all of the methods, and with the modules that
   * `LazyModuleLoader` has loaded.
   */
  get #declaring(): readonly InstanceWrapper[] {
    if (this.#searched.modules !== this.#modules.size) {
      const wrappers = ([...this.#modules.values()] as ModuleRecord[])
        .flatMap(({ providers, controllers, injectables }) => [
          ...providers.values(),
          ...controllers.values(),
          ...injectables.values(),
        ])
        .filter((wrapper) => {
          const target = classOf(wrapper);
          return target !== undefined && declaresHandlers(target);
        });
      this.#searched = { modules: this.#modules.size, wrappers };
    }
    return this.#searched.wrappers;
  }
}

/** Where an instance comes from that the application's container has made. */
export type HandlerOrigin =
  /** Nest has built it from its class, or it is that of a provider which was there at the start. */
  | { readonly kind: 'class' }
  /** A factory has made it, or it is a value, of a provider that was not there at the start. */
  | { readonly kind: 'substitute'; readonly token: string };

/** @throws ConfigurationError that lists the problems, if there are any */
export function refuse(problems: readonly string[]): void {
  const [only] = problems;
  if (only === undefined) {
    return;
  }
  throw new ConfigurationError(
    problems.length === 1
      ? only
      : `${problems.length} things keep the handlers from working:\n- ${problems.join('\n- ')}`,
  );
}

/**
 * The `EventEmitter2` that the application provides with its class as the token. Recognised by its methods,
 * because the package `eventemitter2` names its class `EventEmitter`, as other packages do.
 */
function findEventEmitter(providers: readonly InstanceWrapper[]): EventEmitterLike | undefined {
  for (const { token, instance } of providers as readonly { token: unknown; instance: unknown }[]) {
    if (typeof token !== 'function' || !isEventEmitter(instance)) {
      continue;
    }
    if (instance instanceof token) {
      return instance;
    }
  }
  return undefined;
}

function isEventEmitter(value: unknown): value is EventEmitterLike {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  // Only EventEmitter2 has listenersAny().
  return ['listeners', 'hasListeners', 'listenersAny'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  );
}
