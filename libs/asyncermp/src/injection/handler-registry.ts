import type { Type } from '@nestjs/common';
import type { CpuTaskOptions } from '../contract/task-options.js';
import { announceNestCore, nestCore, type NestCore } from './nest-core.js';
import { threadState } from './thread-state.js';

/** A method that `@CpuTask()` was put on, as the decorator saw it. */
export interface HandlerDefinition {
  /** `Class.method`, or the decorator's `name`: unique in an application. */
  readonly name: string;
  readonly target: Type<object>;
  readonly method: string;
  /**
   * The file whose import defines the class: a path, or a `file:` URL. Undefined where the runtime does
   * not tell (code that was evaluated from a string).
   */
  readonly file: string | undefined;
  /** The method as the user wrote it: what a worker runs. */
  readonly run: (this: unknown, ...args: unknown[]) => unknown;
  readonly options: CpuTaskOptions;
}

const registry = threadState('handlers:1', () => ({
  /** What the decorator recorded, by the prototype it was applied to. */
  declared: new WeakMap<object, Map<string, HandlerDefinition>>(),
  /** The answers of {@link handlersOf}. */
  resolved: new WeakMap<object, readonly HandlerDefinition[]>(),
  /** Files of the classes that `@CpuTaskHost()` was applied to. */
  hostFiles: new WeakMap<object, string | undefined>(),
  /** The latest definition of each file and name. */
  latest: new Map<string, HandlerDefinition>(),
  cores: new WeakMap<HandlerDefinition, NestCore>(),
}));

/**
 * Records a decorated method. A file that is loaded again (hot reload, a test runner) defines its
 * classes anew: the later definition takes the place of the earlier one of the same file and name.
 */
export function registerHandler(definition: HandlerDefinition): void {
  const { prototype } = definition.target;
  const methods = registry.declared.get(prototype) ?? new Map<string, HandlerDefinition>();
  registry.declared.set(prototype, methods.set(definition.method, definition));
  registry.resolved.delete(definition.target);
  announceNestCore();
  publish(definition, nestCore);
}

/**
 * Records the file of a class, so that a handler which the class only inherits can be found in a
 * worker under the class's own name.
 */
export function registerHost(target: Type<object>, file: string | undefined): void {
  registry.hostFiles.set(target, file);
  registry.resolved.delete(target);
  for (const definition of handlersOf(target)) {
    publish(definition, coreOf(definition));
  }
}

/**
 * The handlers of a class: its own and the inherited ones, the nearest class first. An inherited
 * handler is the class's own in name and target, since a worker has to build that class and not the
 * parent. A method that was overridden without the decorator is no handler.
 */
export function handlersOf(target: Function): readonly HandlerDefinition[] {
  const known = registry.resolved.get(target);
  if (known !== undefined) {
    return known;
  }
  const found = [...findHandlers(target as Type<object>)];
  registry.resolved.set(target, found);
  return found;
}

/** Every handler that the files loaded in this thread define, in the order of their definition. */
export function allHandlers(): HandlerDefinition[] {
  return [...registry.latest.values()];
}

/** Whether the class has the handler from a parent, and no `@CpuTaskHost()` of its own tells its file. */
export function isUnlocatedHeir({ target, method }: HandlerDefinition): boolean {
  return !registry.hostFiles.has(target) && !declaredOn(target.prototype)?.has(method);
}

/** The copy of `@nestjs/core` that the application of this handler uses. */
export function coreOf(definition: HandlerDefinition): NestCore {
  return registry.cores.get(definition) ?? nestCore;
}

function* findHandlers(target: Type<object>): Generator<HandlerDefinition> {
  const overridden = new Set<string>();
  for (let prototype = prototypeOf(target); prototype; prototype = parentOf(prototype)) {
    for (const definition of declaredOn(prototype)?.values() ?? []) {
      if (overridden.has(definition.method)) {
        continue;
      }
      yield prototype === target.prototype ? definition : inherit(definition, target);
    }
    for (const name of Object.getOwnPropertyNames(prototype)) {
      overridden.add(name);
    }
  }
}

function inherit(parent: HandlerDefinition, target: Type<object>): HandlerDefinition {
  const heir = nameOf(target);
  const definition: HandlerDefinition = {
    ...parent,
    target,
    // Of the same name is what a class decorator put in the place of the class: it is no heir.
    name: heir === parent.target.name ? parent.name : `${heir}.${parent.method}`,
    file: registry.hostFiles.get(target),
  };
  registry.cores.set(definition, coreOf(parent));
  return definition;
}

/** A class decorator that returns `class extends target {}` leaves a class without a name. */
function nameOf(target: Function): string {
  const parent = Object.getPrototypeOf(target) as Function | null;
  return target.name === '' && parent !== null ? nameOf(parent) : target.name;
}

function publish(definition: HandlerDefinition, core: NestCore): void {
  const key = `${definition.file ?? ''}\n${definition.name}`;
  registry.latest.delete(key);
  registry.latest.set(key, definition);
  registry.cores.set(definition, core);
}

function declaredOn(prototype: object): Map<string, HandlerDefinition> | undefined {
  return registry.declared.get(prototype);
}

/** Arrow functions, which factory providers often are, have no prototype. */
function prototypeOf(target: Function): object | undefined {
  return (target.prototype as object | undefined) ?? undefined;
}

function parentOf(prototype: object): object | undefined {
  return (Object.getPrototypeOf(prototype) as object | null) ?? undefined;
}
