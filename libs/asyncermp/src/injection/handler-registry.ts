import type { Abstract, DynamicModule, ForwardReference, Provider, Type } from '@nestjs/common';
import type { CpuTaskOptions } from '../contract/task-options.js';
import { threadState } from '../protocol/thread-state.js';
import { nestCore, registerNestCore, type NestCore } from './nest-core.js';

/** A decorated method, as `@CpuTask()` saw it. */
export interface HandlerDefinition {
  /** `Class.method`, or the decorator's `name`. Unique in an application. */
  readonly name: string;
  readonly target: Type<object>;
  readonly method: string;
  /**
   * The file whose import defines the class: a path or a `file:` URL. Undefined if the runtime does not
   * know it (code evaluated from a string).
   */
  readonly file: string | undefined;
  /** The method as the user wrote it, which a worker runs. */
  readonly run: (this: unknown, ...args: unknown[]) => unknown;
  /**
   * What `@CpuTask()` put in its place, which submits a task. If the class has another function there, a
   * decorator above `@CpuTask()` has wrapped it.
   */
  readonly replacement: (this: unknown, ...args: unknown[]) => unknown;
  readonly options: CpuTaskOptions;
  /** Whether the class overrides the method, so that only `super.method()` calls it. */
  readonly isOverridden?: boolean;
}

/** A module as a module's `imports` takes it. */
export type ModuleImport =
  Type<unknown> | DynamicModule | Promise<DynamicModule> | ForwardReference<() => unknown>;

/** The token of a provider that stays in the application. */
export type MainToken = string | symbol | Type<unknown> | Abstract<unknown>;

/** What a worker needs to build a class, in addition to its class-typed dependencies. */
export interface CpuTaskHostOptions {
  /** Configured modules whose exports the class needs. Default: none. */
  readonly imports?: readonly ModuleImport[];
  /** Providers for tokens, and for classes that Nest cannot build by itself. Default: none. */
  readonly providers?: readonly Provider[];
  /**
   * Tokens of providers that stay in the application: a worker has a stand-in, whose methods call the
   * application's instance and return promises. Default: none but `EventEmitter2`, which is always one.
   */
  readonly main?: readonly MainToken[];
}

const registry = threadState('handlers:1', () => ({
  /** The decorated methods of each prototype. */
  declared: new WeakMap<object, Map<string, HandlerDefinition>>(),
  /** Cache of {@link handlersOf}. */
  resolved: new WeakMap<object, readonly HandlerDefinition[]>(),
  /** The file of each class with `@CpuTaskHost()`. */
  hostFiles: new WeakMap<object, string | undefined>(),
  /** The latest definition of each file and name. */
  latest: new Map<string, HandlerDefinition>(),
  cores: new WeakMap<HandlerDefinition, NestCore>(),
}));

/**
 * Registers a decorated method. A file that is loaded again (hot reload, a test runner) defines its classes
 * again: the later definition replaces the earlier one of the same file and name.
 */
export function registerHandler(definition: HandlerDefinition): void {
  const { prototype } = definition.target;
  const methods = registry.declared.get(prototype) ?? new Map<string, HandlerDefinition>();
  registry.declared.set(prototype, methods.set(definition.method, definition));
  registry.resolved.delete(definition.target);
  registerNestCore();
  publish(definition, nestCore);
}

const HOST_METADATA = 'asyncermp:cpu-task-host';

/**
 * Registers a class with `@CpuTaskHost()`: its options, and its file, by which a worker finds the handlers
 * that the class only inherits.
 */
export function registerHost(
  target: Type<object>,
  options: CpuTaskHostOptions | (() => CpuTaskHostOptions),
  file: string | undefined,
): void {
  Reflect.defineMetadata(HOST_METADATA, { options }, target);
  registry.hostFiles.set(target, file);
  registry.resolved.delete(target);
  for (const definition of handlersOf(target)) {
    publish(definition, coreOf(definition));
  }
}

/**
 * The options of `@CpuTaskHost()` on the class, or on the nearest parent that has one. A function is called
 * once, and not before the options are needed.
 */
export function hostOptionsOf(target: Function): CpuTaskHostOptions | undefined {
  const host = Reflect.getMetadata(HOST_METADATA, target) as
    { options: CpuTaskHostOptions | (() => CpuTaskHostOptions) } | undefined;
  if (host === undefined) {
    return undefined;
  }
  if (typeof host.options === 'function') {
    host.options = host.options();
  }
  return host.options;
}

/**
 * The handlers of a class: its own and the inherited ones, the nearest class first. An inherited handler
 * has the name and the target of the subclass, since a worker has to build the subclass and not the parent.
 * A method that is overridden without the decorator is not a handler. What it calls by `super.method()` is one if
 * the class has `@CpuTaskHost()`: as `Subclass.super.method`, on the subclass's instance.
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

/** Whether the class or one of its parents has decorated methods, overridden ones included. */
export function declaresHandlers(target: Function): boolean {
  for (let prototype = prototypeOf(target); prototype; prototype = parentOf(prototype)) {
    if (registry.declared.has(prototype)) {
      return true;
    }
  }
  return false;
}

/** All handlers of the files loaded in this thread, in the order of their definition. */
export function allHandlers(): HandlerDefinition[] {
  return [...registry.latest.values()];
}

/** Whether the class inherits the handler and has no `@CpuTaskHost()`, so that its file is unknown. */
export function isInheritedWithoutFile({ target, method }: HandlerDefinition): boolean {
  return !registry.hostFiles.has(target) && !declaredOn(target.prototype)?.has(method);
}

/** Whether a decorator above `@CpuTask()`, or one of the class, has wrapped the method in another function. */
export function isWrapped({
  target,
  method,
  replacement,
  isOverridden,
}: HandlerDefinition): boolean {
  if (isOverridden) {
    return false;
  }
  let holder: object | undefined = prototypeOf(target);
  while (holder !== undefined && !Object.hasOwn(holder, method)) {
    holder = parentOf(holder);
  }
  // Not read as a property: a decorator may have made a getter of it.
  return (
    holder !== undefined && Object.getOwnPropertyDescriptor(holder, method)?.value !== replacement
  );
}

/** The copy of `@nestjs/core` that the handler's application uses. */
export function coreOf(definition: HandlerDefinition): NestCore {
  return registry.cores.get(definition) ?? nestCore;
}

function* findHandlers(target: Type<object>): Generator<HandlerDefinition> {
  const overridden = new Set<string>();
  const prefixes = new Map<string, string>();
  for (let prototype = prototypeOf(target); prototype; prototype = parentOf(prototype)) {
    for (const definition of declaredOn(prototype)?.values() ?? []) {
      const { method } = definition;
      if (!overridden.has(method)) {
        yield prototype === target.prototype ? definition : inherit(definition, target);
      } else if (registry.hostFiles.has(target)) {
        const prefix = `${prefixes.get(method) ?? ''}super.`;
        prefixes.set(method, prefix);
        const name = `${nameOf(target)}.${prefix}${method}`;
        yield inherit(definition, target, { name, isOverridden: true });
      }
    }
    for (const name of Object.getOwnPropertyNames(prototype)) {
      overridden.add(name);
    }
  }
}

function inherit(
  parent: HandlerDefinition,
  target: Type<object>,
  overridden?: Pick<HandlerDefinition, 'name' | 'isOverridden'>,
): HandlerDefinition {
  const className = nameOf(target);
  const definition: HandlerDefinition = {
    ...parent,
    target,
    // A subclass of the same name is what a class decorator returned in place of the class: the handler
    // keeps its name.
    name: className === parent.target.name ? parent.name : `${className}.${parent.method}`,
    file: registry.hostFiles.get(target),
    ...overridden,
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

/** Undefined for an arrow function, which a factory provider often is. */
function prototypeOf(target: Function): object | undefined {
  return (target.prototype as object | undefined) ?? undefined;
}

function parentOf(prototype: object): object | undefined {
  return (Object.getPrototypeOf(prototype) as object | null) ?? undefined;
}
