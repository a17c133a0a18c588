import type { TaskHandler } from '../contract/backend.js';
import { UnknownHandlerError } from '../contract/errors.js';
import { nearestNames } from '../contract/nearest-names.js';
import { checkHandlerOptions } from '../contract/task-options.js';
import type { HandlerClass } from '../contract/handler-types.js';
import { isWrapped, type HandlerDefinition } from '../injection/handler-registry.js';

/** The handlers of an application, by name, by class and method, and by definition. */
export class HandlerCatalog {
  readonly #byName = new Map<string, TaskHandler>();
  readonly #byDefinition = new Map<HandlerDefinition, TaskHandler>();
  readonly #byMethod = new Map<unknown, Map<string, TaskHandler>>();
  readonly #wrapped = new Map<TaskHandler, HandlerDefinition>();

  /** @throws ConfigurationError for an invalid option of `@CpuTask()` */
  constructor(definitions: readonly HandlerDefinition[]) {
    for (const [index, definition] of definitions.entries()) {
      checkHandlerOptions(definition.options, definition.name);
      const record: TaskHandler = { name: definition.name, index, options: definition.options };
      this.#byDefinition.set(definition, record);
      if (definition.isOverridden) {
        // A submission means the class's own method.
        continue;
      }
      this.#byName.set(definition.name, record);
      if (isWrapped(definition)) {
        this.#wrapped.set(record, definition);
      }
      const methods = this.#byMethod.get(definition.target) ?? new Map<string, TaskHandler>();
      this.#byMethod.set(definition.target, methods.set(definition.method, record));
    }
  }

  /** The number of handlers. */
  get size(): number {
    return this.#byDefinition.size;
  }

  has(definition: HandlerDefinition): boolean {
    return this.#byDefinition.has(definition);
  }

  /** Undefined for a handler that was not there when the application started. */
  ofDefinition(definition: HandlerDefinition): TaskHandler | undefined {
    return this.#byDefinition.get(definition);
  }

  /** @throws UnknownHandlerError */
  find(handler: HandlerClass<unknown> | string, method: string | undefined): TaskHandler {
    if (typeof handler === 'string') {
      const record = this.#byName.get(handler);
      if (!record) {
        throw this.#unknown(handler);
      }
      return record;
    }
    const record = this.#byMethod.get(handler)?.get(method ?? '');
    if (!record) {
      throw this.#unknown(`${handler.name}.${String(method)}`);
    }
    return record;
  }

  /** The definition of a handler with decorators above `@CpuTask()`, which only a call goes through. */
  wrapped(handler: TaskHandler): HandlerDefinition | undefined {
    return this.#wrapped.get(handler);
  }

  #unknown(name: string): UnknownHandlerError {
    return new UnknownHandlerError(name, nearestNames(name, this.#byName.keys()));
  }
}
