import { Injectable, type Provider } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { WorkerManifest } from '../protocol/envelope.js';
import { ConfigurationError } from '../contract/errors.js';
import type { EventEmitterLike } from '../engine/task-publisher.js';
import { type HandlerDefinition, handlersOf } from '../injection/handler-registry.js';
import {
  type HandlerProvider,
  classOf,
  instancesOf,
  type InstanceWrapper,
} from './instance-wrapper.js';
import { filesOfSendables } from '../protocol/sendable-classes.js';
import {
  classFindings,
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
  #found: readonly HandlerProvider[] | undefined;
  #handlers: readonly HandlerDefinition[] | undefined;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
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

  /** Whether this application's container made the instance. */
  owns(instance: object): boolean {
    return this.#providers.some(({ wrapper }) => instancesOf(wrapper).includes(instance));
  }

  /** An instance in the application that has the handler; undefined before Nest has built one. */
  instanceOf(definition: HandlerDefinition): object | undefined {
    const provider = this.#providers.find(({ handlers }) => handlers.includes(definition));
    return provider === undefined ? undefined : instancesOf(provider.wrapper)[0];
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
    return [
      ...duplicateNames(this.#providers),
      ...(inWorkers ? locationProblems(this.#providers) : requestScoped(this.#providers)),
    ];
  }

  /** The classes with handlers of which there is no one instance, each with its reason. */
  requestScoped(): readonly string[] {
    return requestScoped(this.#providers);
  }

  /** What a worker that builds the handlers' classes alone would have otherwise than the application. */
  classFindings(
    standIns: readonly Provider[],
    isConfigured: (wrapper: InstanceWrapper) => boolean = () => false,
  ): Promise<ClassFindings> {
    return classFindings(this.#providers, this.#discovery.getProviders(), standIns, isConfigured);
  }

  get #providers(): readonly HandlerProvider[] {
    this.#found ??= [
      ...this.#discovery.getProviders(),
      ...this.#discovery.getControllers(),
    ].flatMap((wrapper) => {
      const target = classOf(wrapper);
      const handlers = target === undefined ? [] : handlersOf(target);
      return target === undefined || handlers.length === 0 ? [] : [{ wrapper, target, handlers }];
    });
    return this.#found;
  }
}

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
