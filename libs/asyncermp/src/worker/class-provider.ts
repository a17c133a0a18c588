import type {
  FactoryProvider,
  InjectionToken,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';
import { dependenciesOf, type Dependency } from './class-dependencies.js';

/**
 * The class as a provider of a worker.
 *
 * A class with guards, interceptors, pipes or filters becomes a factory: given as a class, Nest builds
 * these enhancers as well, with dependencies of their own, and in a worker nothing ever calls them.
 */
export function classProvider(target: Type<object>): Provider {
  return hasEnhancers(target) ? factoryOf(target) : target;
}

function factoryOf(target: Type<object>): FactoryProvider {
  const dependencies = dependenciesOf(target);
  return {
    provide: target,
    inject: dependencies.map(injection),
    useFactory: (...values: unknown[]) => {
      const parameters = dependencies.flatMap(({ place }, index) =>
        typeof place === 'number' ? [values[index]] : [],
      );
      const instance = new target(...parameters);
      for (const [index, { place }] of dependencies.entries()) {
        if (typeof place === 'number' || values[index] === undefined) continue;
        Reflect.set(instance, place, values[index]);
      }
      return instance;
    },
  };
}

function injection(dependency: Dependency): InjectionToken | OptionalFactoryDependency {
  const { circular, optional } = dependency;
  const token = (
    circular ? { forwardRef: () => dependency.token } : dependency.token
  ) as InjectionToken;
  return optional ? { token, optional } : token;
}

const ENHANCERS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

/** Pipes of parameters stand in the metadata of the routes' arguments. */
const ROUTE_ARGUMENTS = '__routeArguments__';

function hasEnhancers(target: Type<object>): boolean {
  if (ENHANCERS.some((key) => Reflect.hasMetadata(key, target))) return true;
  for (const [name, method] of methodsOf(target.prototype)) {
    if (Reflect.hasMetadata(ROUTE_ARGUMENTS, target, name)) return true;
    if (ENHANCERS.some((key) => Reflect.hasMetadata(key, method))) return true;
  }
  return false;
}

function* methodsOf(start: object): Generator<[name: string, method: object]> {
  let prototype: object | null = start;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value === 'function' && name !== 'constructor') yield [name, value as object];
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
