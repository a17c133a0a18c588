import { ConfigurationError } from '../contract/errors.js';
import type { HandlerDefinition } from '../injection/handler-registry.js';
import type { TaskCaller } from './call-router.js';

/** For a class that was no provider when the application started, so that workers do not know it. */
export function unknownClass({ name, target }: HandlerDefinition): ConfigurationError {
  return new ConfigurationError(
    `${name} was called on an instance that Nest made, and workers do not know ${target.name}: it was not among the ` +
      'providers and controllers when the application started (a module that LazyModuleLoader loads comes later, and ' +
      'so does a class that only ModuleRef.create() makes). Provide it in a module that the root module imports; ' +
      'LazyModuleLoader then finds that module loaded. Or move the decorated method to a class that is provided there.',
    { handler: name },
  );
}

/** Refuses all calls on an instance that Nest did not build from its class, of a provider that came after the start. */
export class SubstituteRefusal implements TaskCaller {
  readonly #token: string;
  readonly #isKnown: (definition: HandlerDefinition) => boolean;

  /**
   * @param token - Of the provider, as it is written in code.
   * @param isKnown - Whether workers know the handler.
   */
  constructor(token: string, isKnown: (definition: HandlerDefinition) => boolean) {
    this.#token = token;
    this.#isKnown = isKnown;
  }

  call(definition: HandlerDefinition): Promise<unknown> {
    return Promise.reject(
      this.#isKnown(definition) ? substitute(definition, this.#token) : unknownClass(definition),
    );
  }

  refuse(declared: HandlerDefinition, instance: object): Promise<never> {
    return Promise.reject(noSuchHandler(declared, instance));
  }
}

function substitute({ name, target }: HandlerDefinition, token: string): ConfigurationError {
  return new ConfigurationError(
    `${name} was called on the instance of ${token}, which a factory has made or which is a value, and a worker would ` +
      `run it on a ${target.name} of its own, which may be another one. Let a factory inject and return the ` +
      `${target.name} that Nest built, or provide ${target.name} itself by the factory: ` +
      `{ provide: ${target.name}, useFactory }.`,
    { handler: name },
  );
}

/** For a decorated method that was called on an instance whose class does not have it as a handler. */
export function noSuchHandler(declared: HandlerDefinition, instance: object): ConfigurationError {
  const { name, target, method } = declared;
  const own = instance.constructor.name;
  if (!(target.prototype as object).isPrototypeOf(instance)) {
    return new ConfigurationError(
      `${name} was called on an instance of ${own}, which does not inherit from ${target.name}, so a worker cannot ` +
        `run it there. Inject ${target.name}, and call it on that.`,
      { handler: name },
    );
  }
  return new ConfigurationError(
    `${own} overrides the handler ${method} without @CpuTask(), and calls that of ${target.name} by super.${method}(), ` +
      `for which a worker needs ${own}: its file is known only if the class has a decorator of this library. Write ` +
      `@CpuTaskHost() above the other decorators of ${own}, so that super.${method}() runs in a worker; or override ` +
      `${method} with @CpuTask(), so that all of it does.`,
    { handler: name },
  );
}
