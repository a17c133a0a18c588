import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type {
  ApplicationConfig,
  DiscoveryService,
  LazyModuleLoader,
  MetadataScanner,
  NestContainer,
} from '@nestjs/core';

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
