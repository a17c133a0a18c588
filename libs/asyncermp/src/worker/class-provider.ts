import type { Provider, Type } from '@nestjs/common';

/**
 * The class as a provider of a worker.
 *
 * For a class with guards, interceptors, pipes or filters a subclass without them is built: Nest would
 * build these enhancers as well, with dependencies of their own, and in a worker nothing calls them.
 */
export function classProvider(target: Type<object>): Provider {
  const bare = withoutEnhancers(target);
  return bare === undefined ? target : { provide: target, useClass: bare };
}

const ENHANCERS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

/** Pipes of parameters stand in the metadata of the routes' arguments. */
const ROUTE_ARGUMENTS = '__routeArguments__';

/** Undefined where there are none. Metadata of a subclass hides that of the class. */
function withoutEnhancers(target: Type<object>): Type<object> | undefined {
  const onClass = ENHANCERS.filter((key) => Reflect.hasMetadata(key, target));
  const methods = [...methodsOf(target.prototype)];
  const onMethods = methods.filter(([, method]) =>
    ENHANCERS.some((key) => Reflect.hasMetadata(key, method)),
  );
  const onArguments = methods.filter(([name]) =>
    Reflect.hasMetadata(ROUTE_ARGUMENTS, target, name),
  );
  if (onClass.length + onMethods.length + onArguments.length === 0) return undefined;

  const bare = class extends target {};
  Object.defineProperty(bare, 'name', { value: target.name });
  for (const key of onClass) Reflect.defineMetadata(key, [], bare);
  for (const [name] of onArguments) Reflect.defineMetadata(ROUTE_ARGUMENTS, {}, bare, name);
  for (const [name, method] of onMethods) {
    const value = function (this: unknown, ...args: unknown[]): unknown {
      return method.apply(this, args);
    };
    Object.defineProperty(bare.prototype, name, { value, configurable: true, writable: true });
  }
  return bare;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The methods that instances have, inherited ones included. */
function* methodsOf(start: object): Generator<[name: string, method: Method]> {
  const overridden = new Set(['constructor']);
  let prototype: object | null = start;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (overridden.has(name)) continue;
      overridden.add(name);
      if (typeof value === 'function') yield [name, value as Method];
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
