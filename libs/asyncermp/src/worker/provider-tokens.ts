import type { ClassProvider, ExistingProvider, FactoryProvider, Provider } from '@nestjs/common';

/** The token that a provider provides. */
export function tokenOf(provider: Provider): unknown {
  return typeof provider === 'function' ? provider : provider.provide;
}

/** Whether two providers are made of the same parts: both may have been written out. */
export function isSameProvider(one: Provider, other: Provider): boolean {
  if (one === other) return true;
  if (typeof one === 'function' || typeof other === 'function') return false;
  const parts = Object.entries(one) as [string, unknown][];
  if (parts.length !== Object.keys(other).length) return false;
  return parts.every(([key, value]) => isSamePart(value, Reflect.get(other, key)));
}

function isSamePart(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other);
  return one.length === other.length && one.every((item, index) => Object.is(item, other[index]));
}

export function isClassProvider(provider: Provider): provider is ClassProvider<object> {
  return 'useClass' in provider;
}

export function isFactoryProvider(provider: Provider): provider is FactoryProvider {
  return 'useFactory' in provider;
}

export function isExistingProvider(provider: Provider): provider is ExistingProvider {
  return 'useExisting' in provider;
}
