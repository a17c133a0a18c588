import { Scope } from '@nestjs/common';

/** A constructor parameter or a property that Nest injects into a class. */
export interface Dependency {
  /** The class that has the dependency. */
  readonly owner: Function;
  /** The index of a constructor parameter, or the key of a property. */
  readonly place: number | string | symbol;
  /** The injection token; undefined if neither a type nor `@Inject()` names it. */
  readonly token: unknown;
  readonly optional: boolean;
  /** True for `forwardRef()`: the two classes depend on each other. */
  readonly circular: boolean;
}

/** The dependencies of the class as Nest's injector reads them: first the parameters, then the properties. */
export function dependenciesOf(owner: Function): Dependency[] {
  return [...parametersOf(owner), ...propertiesOf(owner)];
}

/** Whether Nest can build the class by itself: a decorator is on it, so the compiler wrote its types. */
export function isInjectable(target: Function): boolean {
  return BUILDABLE.some((key) => Reflect.hasMetadata(key, target));
}

/** Whether Nest builds the class for each request. A worker has no requests. */
export function isRequestScoped(target: Function): boolean {
  const options = Reflect.getMetadata('scope:options', target) as { scope?: Scope } | undefined;
  return options?.scope === Scope.REQUEST;
}

/** Whether the compiler wrote the types of the constructor's parameters (`emitDecoratorMetadata`). */
export function hasParameterTypes(target: Function): boolean {
  return Reflect.hasMetadata('design:paramtypes', target);
}

/*
 * The metadata keys are spelled out because Nest 12 exports them from `@nestjs/common/internal` and Nest 11
 * from `@nestjs/common/constants`. The keys themselves are the same.
 */
const BUILDABLE = ['__injectable__', '__controller__', 'design:paramtypes'];

interface SelfParameter {
  readonly index: number;
  readonly param: unknown;
}

interface SelfProperty {
  readonly key: string | symbol;
  readonly type: unknown;
}

function parametersOf(owner: Function): Dependency[] {
  const tokens = [...metadata<unknown[]>('design:paramtypes', owner, [])];
  for (const { index, param } of metadata<SelfParameter[]>('self:paramtypes', owner, [])) {
    tokens[index] = param;
  }
  const optional = optionalParametersOf(owner);
  const count = Math.max(tokens.length, hasParameterTypes(owner) ? 0 : owner.length);
  return Array.from({ length: count }, (_, place) =>
    dependency(owner, place, tokens[place], optional.includes(place)),
  );
}

function propertiesOf(owner: Function): Dependency[] {
  const optional = metadata<(string | symbol)[]>('optional:properties_metadata', owner, []);
  return metadata<SelfProperty[]>('self:properties_metadata', owner, []).map(({ key, type }) =>
    dependency(owner, key, type, optional.includes(key)),
  );
}

function dependency(
  owner: Function,
  place: Dependency['place'],
  given: unknown,
  optional: boolean,
): Dependency {
  const circular = isForwardReference(given);
  return { owner, place, token: circular ? given.forwardRef() : given, optional, circular };
}

/**
 * `@Optional()` belongs to the constructor in which it is written. A subclass inherits it unless it has a
 * constructor of its own.
 */
function optionalParametersOf(owner: Function): readonly number[] {
  let current: Function | null = owner;
  while (current !== null && current !== Function.prototype) {
    if (CONSTRUCTOR_METADATA.some((key) => Reflect.hasOwnMetadata(key, current as object))) {
      return (Reflect.getOwnMetadata('optional:paramtypes', current) as number[] | undefined) ?? [];
    }
    current = Object.getPrototypeOf(current) as Function | null;
  }
  return [];
}

const CONSTRUCTOR_METADATA = ['design:paramtypes', 'optional:paramtypes', 'self:paramtypes'];

function metadata<T>(key: string, target: Function, fallback: T): T {
  return (Reflect.getMetadata(key, target) as T | undefined) ?? fallback;
}

/** Whether the value was made by `forwardRef()`. */
export function isForwardReference(value: unknown): value is { forwardRef: () => unknown } {
  return typeof value === 'object' && value !== null && 'forwardRef' in value;
}
