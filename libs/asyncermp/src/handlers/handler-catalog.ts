import { HandlerRecord } from '../scheduling/handler-record.js';
import { UnknownHandlerError } from '../tasks/errors.js';
import { nearestNames } from '../tasks/nearest-names.js';
import type { TaskDefaults } from '../tasks/task-options.js';
import { checkHandlerOptions } from '../tasks/task-options.rules.js';
import type { HandlerClass } from '../registry/handler-types.js';
import type { HandlerDefinition } from '../registry/handler.js';

/** The handlers of an application, by name, by class and method, and by definition. */
export class HandlerCatalog {
  readonly #byName = new Map<string, HandlerRecord>();
  readonly #byDefinition = new Map<HandlerDefinition, HandlerRecord>();
  readonly #byMethod = new Map<unknown, Map<string, HandlerRecord>>();

  /** @throws ConfigurationError for an option of `@CpuTask()` that is not what it must be */
  constructor(definitions: readonly HandlerDefinition[], defaults: TaskDefaults) {
    for (const [index, definition] of definitions.entries()) {
      checkHandlerOptions(definition.options, definition.name);
      const record = new HandlerRecord(definition.name, index, definition.options, defaults);
      this.#byName.set(definition.name, record);
      this.#byDefinition.set(definition, record);
      const methods = this.#byMethod.get(definition.target) ?? new Map<string, HandlerRecord>();
      this.#byMethod.set(definition.target, methods.set(definition.method, record));
    }
  }

  /** How many handlers there are. */
  get size(): number {
    return this.#byDefinition.size;
  }

  /** @throws UnknownHandlerError */
  ofDefinition(definition: HandlerDefinition): HandlerRecord {
    const record = this.#byDefinition.get(definition);
    if (!record) {
      throw this.#unknown(definition.name);
    }
    return record;
  }

  /** @throws UnknownHandlerError */
  find(handler: HandlerClass<unknown> | string, method: string | undefined): HandlerRecord {
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

  #unknown(name: string): UnknownHandlerError {
    return new UnknownHandlerError(name, nearestNames(name, this.#byName.keys()));
  }
}
