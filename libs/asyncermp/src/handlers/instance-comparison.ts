import type { ModulesContainer } from '@nestjs/core';
import type { ModuleRecord } from '../injection/nest-internals.js';
import { handlersOf } from '../injection/handler-registry.js';
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
  return shapes.flatMap((shape) => {
    const instance = instanceLike(shape, modules);
    return instance === undefined ? [] : (differenceOf(shape, instance) ?? []);
  });
}

/** The application's only instance for the same token, in the module of the same name. */
function instanceLike(
  { token, module }: InstanceShape,
  modules: ModulesContainer,
): object | undefined {
  const found = new Set<object>();
  for (const record of modules.values() as Iterable<ModuleRecord>) {
    if (module !== undefined && record.name !== module) {
      continue;
    }
    for (const wrapper of [...record.providers.values(), ...record.controllers.values()]) {
      const instance: unknown = wrapper.instance;
      const isSame = tokenText(wrapper.token) === token && wrapper.isDependencyTreeStatic();
      if (isSame && !wrapper.isTransient && typeof instance === 'object' && instance !== null) {
        found.add(instance);
      }
    }
  }
  const [only] = found;
  return found.size === 1 ? only : undefined;
}

function differenceOf(
  { token, className, emptyFields }: InstanceShape,
  instance: object,
): string | undefined {
  const own = instance.constructor?.name ?? '';
  if (own !== className) {
    return (
      `${token} is ${own || 'another object'} in the application, and ${className} in workers: something ` +
      'replaced it after the modules were read (overrideProvider() of a test, for example), which workers do not ' +
      "see. Run handlers where they are called, with isolation: 'inline', or replace it in its module."
    );
  }
  const missing = emptyFields.filter((field) => {
    const descriptor = Object.getOwnPropertyDescriptor(instance, field);
    return descriptor !== undefined && !isEmpty(descriptor.value);
  });
  if (missing.length === 0) {
    return undefined;
  }
  const fields = missing.map((field) => `${className}.${field}`).join(', ');
  return (
    `${fields} ${missing.length === 1 ? 'holds' : 'hold'} something in the application and nothing in workers, which ` +
    `have a ${className} of their own. If handlers use it, fill it in the constructor or in onModuleInit() of ` +
    `${className}, which run in workers, too, or pass it as an argument` +
    // What has handlers runs in workers.
    (handlersOf(instance.constructor).length > 0
      ? '.'
      : `; or keep ${token} in the application with @CpuTaskHost({ main: [${token}] }) or ` +
        `AsyncerMpModule.forRoot({ main: [${token}] }), where its methods return promises.`)
  );
}
