import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper, ModuleRecord } from '../injection/nest-internals.js';
import { handlersOf, hostOptionsOf } from '../injection/handler-registry.js';
import { tokenText } from '../injection/plan-problems.js';
import { isEmpty, type InstanceShape } from '../protocol/instance-shape.js';

/**
 * Compares a worker's instances with the application's once, before the first task that is submitted when
 * both are there. Not in production: what differs there differs in development.
 */
export class InstanceComparison {
  readonly #modules: ModulesContainer;
  readonly #warn: (text: string) => void;
  #shapes: readonly InstanceShape[] | undefined = undefined;
  #isOver = process.env['NODE_ENV'] === 'production';

  constructor(modules: ModulesContainer, warn: (text: string) => void) {
    this.#modules = modules;
    this.#warn = warn;
  }

  /** Whether no more descriptions are wanted. */
  get isOver(): boolean {
    return this.#isOver || this.#shapes !== undefined;
  }

  /** Takes the description of a worker's instances. */
  readonly receive = (shapes: readonly InstanceShape[]): void => {
    this.#shapes ??= shapes;
  };

  /** To be called before every submission. */
  beforeTask(): void {
    if (this.#shapes === undefined || this.#isOver) {
      return;
    }
    this.#isOver = true;
    for (const text of instanceDifferences(this.#shapes, this.#modules)) {
      this.#warn(text);
    }
    this.#shapes = [];
  }
}

/**
 * What the application's instances hold and a worker's do not, a text for each instance. A worker has instances of
 * its own, so what something fills in the application after they were built is missing there.
 *
 * @param shapes - Those of the worker's instances.
 */
function instanceDifferences(
  shapes: readonly InstanceShape[],
  modules: ModulesContainer,
): string[] {
  const given = tokensOfHosts(modules);
  return shapes.flatMap((shape) => {
    const wrapper = given.has(shape.token) ? undefined : wrapperLike(shape, modules);
    return wrapper === undefined ? [] : (differenceOf(shape, wrapper) ?? []);
  });
}

/** The tokens of the providers that `@CpuTaskHost()` gives to workers: what differs there is meant so. */
function tokensOfHosts(modules: ModulesContainer): Set<string> {
  const hosts = [...modules.values()].flatMap(({ providers, controllers }) =>
    [...providers.values(), ...controllers.values()].map(({ metatype }) =>
      typeof metatype === 'function' ? hostOptionsOf(metatype) : undefined,
    ),
  );
  const provided = hosts.flatMap((host) => [...(host?.providers ?? [])]);
  return new Set(
    provided.map((provider) =>
      tokenText(typeof provider === 'function' ? provider : provider.provide),
    ),
  );
}

/** The application's only provider of the same token, in the module of the same name. */
function wrapperLike(
  { token, module }: InstanceShape,
  modules: ModulesContainer,
): InstanceWrapper | undefined {
  const found = new Map<object, InstanceWrapper>();
  for (const record of modules.values() as Iterable<ModuleRecord>) {
    if (module !== undefined && record.name !== module) {
      continue;
    }
    for (const wrapper of [...record.providers.values(), ...record.controllers.values()]) {
      const instance: unknown = wrapper.instance;
      const isSame = tokenText(wrapper.token) === token && wrapper.isDependencyTreeStatic();
      if (isSame && !wrapper.isTransient && typeof instance === 'object' && instance !== null) {
        found.set(instance, wrapper);
      }
    }
  }
  const [only] = found.values();
  return found.size === 1 ? only : undefined;
}

function differenceOf(
  { token, className, emptyFields }: InstanceShape,
  { instance, metatype }: InstanceWrapper,
): string | undefined {
  const object = instance as object;
  const own = object.constructor?.name ?? '';
  // A worker describes what a class or a factory has made there.
  const isValue = (metatype as unknown) === null;
  if (own !== className || isValue) {
    const given = isValue ? `a value (${own || 'an object'})` : own || 'another object';
    return (
      `${token} is ${given} in the application, and in workers the ${className} that its module provides: something ` +
      'replaced it after the modules were read (overrideProvider() of a test, for example), which workers do not ' +
      "see. Run handlers where they are called, with isolation: 'inline', or replace it in its module."
    );
  }
  const missing = emptyFields.filter((field) => {
    const descriptor = Object.getOwnPropertyDescriptor(object, field);
    return descriptor !== undefined && !isEmpty(descriptor.value);
  });
  if (missing.length === 0) {
    return undefined;
  }
  // A class expression may have no name.
  const name = className || token;
  const fields = missing.map((field) => `${name}.${field}`).join(', ');
  return (
    `${fields} ${missing.length === 1 ? 'holds' : 'hold'} something in the application and nothing in workers, which ` +
    `have a ${name} of their own. If handlers use it, fill it in the constructor or in onModuleInit() of ` +
    `${name}, which run in workers, too, or pass it as an argument` +
    // What has handlers runs in workers.
    (handlersOf(object.constructor).length > 0
      ? '.'
      : `; or keep ${token} in the application with @CpuTaskHost({ main: [${token}] }) or ` +
        `AsyncerMpModule.forRoot({ main: [${token}] }), where its methods return promises.`)
  );
}
