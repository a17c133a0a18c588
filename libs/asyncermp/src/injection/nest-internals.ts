import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type {
  ApplicationConfig,
  DiscoveryService,
  LazyModuleLoader,
  MetadataScanner,
  ModuleRef,
  NestContainer,
} from '@nestjs/core';
import { threadState } from '../protocol/thread-state.js';
import { declaresHandlers } from './handler-registry.js';

/** Nest's record of one provider or controller. Nest does not export the type from a public entry. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Nest's record of one module. */
export type ModuleRecord = NonNullable<InstanceWrapper['host']>;

/** Reads the module graph into a container. */
interface Scanner {
  scan(root: unknown): Promise<void>;
}

/** Resolves and creates the instances of providers. */
export interface NestInjector {
  loadPrototype(wrapper: InstanceWrapper, collection: Map<unknown, InstanceWrapper>): void;
  loadProvider(wrapper: InstanceWrapper, module: ModuleRecord): Promise<void>;
  loadInstance(
    wrapper: InstanceWrapper,
    collection: Map<unknown, InstanceWrapper>,
    module: ModuleRecord,
  ): Promise<void>;
}

/** Creates the instances of a whole container. */
interface Loader {
  createInstancesOfDependencies(): Promise<void>;
}

/**
 * The classes that Nest builds an application with. Nest 12 exports them as internal and Nest 11 only by
 * deep paths, which a bundle does not have. So they are taken from the objects of a context, the same way for
 * every version and copy of Nest.
 */
export interface NestInternals {
  readonly Scanner: new (
    container: NestContainer,
    metadataScanner: MetadataScanner,
    graphInspector: object,
    config: ApplicationConfig,
  ) => Scanner;
  readonly Loader: new (
    container: NestContainer,
    injector: NestInjector,
    graphInspector: object,
    logger: object,
  ) => Loader;
  readonly Injector: new (options?: { readonly preview: boolean }) => NestInjector;
}

/**
 * Reads the classes from the loader of any application context.
 *
 * @throws Error for a version of Nest whose objects look different
 */
export function internalsOf(lazyModuleLoader: LazyModuleLoader): NestInternals {
  const scanner = partOf(lazyModuleLoader, 'dependenciesScanner');
  const loader = partOf(lazyModuleLoader, 'instanceLoader');
  const injector = partOf(loader, 'injector');
  return {
    Scanner: scanner.constructor as NestInternals['Scanner'],
    Loader: loader.constructor as NestInternals['Loader'],
    Injector: injector.constructor as NestInternals['Injector'],
  };
}

function partOf(owner: object, name: string): object {
  const part: unknown = Reflect.get(owner, name);
  if (typeof part !== 'object' || part === null) {
    throw new Error(`This version of @nestjs/core has no ${name} in ${owner.constructor.name}`);
  }
  return part;
}

/** Adds a provider to a module that was scanned, in the place of one with the same token. */
export function addProvider(module: ModuleRecord, provider: Provider): void {
  (module as unknown as { addProvider(provider: Provider): unknown }).addProvider(provider);
}

/** The options that a dynamic module was imported with; undefined for a static module. */
export function dynamicOptionsOf(
  container: NestContainer,
  module: ModuleRecord,
): Partial<DynamicModule> | undefined {
  return container.getDynamicMetadataByToken(module.token);
}

/** The module's own class. */
export function classOfModule(module: ModuleRecord): Type<unknown> {
  return module.metatype as Type<unknown>;
}

/** The wrappers that Nest resolved for the dependencies of a provider: parameters and properties. */
export function resolvedDependencies(wrapper: InstanceWrapper): InstanceWrapper[] {
  const parameters = (wrapper.getCtorMetadata() ?? []) as (InstanceWrapper | undefined)[];
  const properties = (wrapper.getPropertiesMetadata() ?? []) as { wrapper: InstanceWrapper }[];
  return [...parameters, ...properties.map((property) => property.wrapper)].filter(
    (each) => each !== undefined,
  );
}

/** How Nest made an instance. */
export interface InstanceOrigin {
  readonly container: object;
  /** The record of its provider; undefined if `ModuleRef.create()` made it. */
  readonly wrapper: InstanceWrapper | undefined;
}

const recorded = threadState('instance-origins:1', () => ({
  containers: new WeakSet<object>(),
  origins: new WeakMap<object, InstanceOrigin>(),
  /** The prototypes whose methods were replaced: those of each copy of Nest. */
  prototypes: new WeakSet<object>(),
}));

/**
 * From now on, `originOf()` knows each instance with handlers that Nest makes for this container, and so also those
 * that no record of Nest leads to: from `resolve()`, from `ModuleRef.create()`, for a request.
 *
 * Replaces methods of Nest's prototypes, because an application has many injectors (each `ModuleRef` has one) and gets
 * more of them later. They stay replaced: a container that is not recorded takes the same path as before.
 *
 * @returns the container
 * @throws Error for a version of Nest whose objects look different
 */
export function recordInstances(moduleRef: ModuleRef): object {
  const container = partOf(moduleRef, 'container');
  recorded.containers.add(container);
  // The instance is recorded before the caller of the method sees it, and at no cost of a turn of the microtasks.
  replaceMethod(partOf(moduleRef, 'injector'), (made, [, wrapper]) => {
    const { host, metatype, isFactory } = wrapper as InstanceWrapper;
    const owner: unknown = host && Reflect.get(host, 'container');
    if (isFactory || (typeof metatype === 'function' && declaresHandlers(metatype))) {
      record(made, owner, wrapper as InstanceWrapper);
    }
  });
  replaceMethod(moduleRef, (made, [type], ref) => {
    if (typeof type === 'function' && declaresHandlers(type)) {
      record(made, Reflect.get(ref, 'container'), undefined);
    }
  });
  return container;
}

/** Undefined for an instance that Nest has not made since its container is recorded. */
export function originOf(instance: object): InstanceOrigin | undefined {
  return recorded.origins.get(instance);
}

function record(
  made: Promise<unknown>,
  container: unknown,
  wrapper: InstanceWrapper | undefined,
): void {
  if (!isObject(container) || !recorded.containers.has(container)) {
    return;
  }
  const note = (instance: unknown): void => {
    // A factory may select an instance that Nest has built.
    if (isObject(instance) && !recorded.origins.has(instance)) {
      recorded.origins.set(instance, { container, wrapper });
    }
  };
  made.then(note, () => {});
}

/** Replaces `instantiateClass()` in the prototype that has it, by one that also reports what was made. */
function replaceMethod(
  owner: object,
  onMade: (made: Promise<unknown>, args: readonly unknown[], owner: object) => void,
): void {
  let prototype: object | null = owner;
  while (prototype !== null && !Object.hasOwn(prototype, 'instantiateClass')) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  if (prototype === null) {
    throw new Error(
      `This version of @nestjs/core has no instantiateClass in ${owner.constructor.name}`,
    );
  }
  if (recorded.prototypes.has(prototype)) {
    return;
  }
  recorded.prototypes.add(prototype);
  const original = Reflect.get(prototype, 'instantiateClass') as Instantiate;
  Object.defineProperty(prototype, 'instantiateClass', {
    configurable: true,
    writable: true,
    value(this: object, ...args: unknown[]): Promise<unknown> {
      const made = original.apply(this, args);
      onMade(made, args, this);
      return made;
    },
  });
}

type Instantiate = (this: object, ...args: unknown[]) => Promise<unknown>;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
