import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { HandlerDefinition } from '../injection/handler-registry.js';

/** Nest's record of one provider or controller. Nest does not export the type from a public entry. */
export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * The class of the provider's instance: the declared class; for a factory or a value, the class of its
 * instance; and before the factory was called, the token if that is a class. Undefined for an alias. Read
 * from the prototype, because the instance may be a proxy.
 */
export function classOf(wrapper: InstanceWrapper): Type<object> | undefined {
  if (wrapper.isAlias) {
    return undefined;
  }
  if (!wrapper.isNotMetatype) {
    return wrapper.metatype as Type<object>;
  }
  const instance: unknown = wrapper.instance;
  if (typeof instance === 'object' && instance !== null) {
    return constructorOf(instance);
  }
  return typeof wrapper.token === 'function' ? (wrapper.token as Type<object>) : undefined;
}

/**
 * The provider's instances that belong to no request, proxies included: one, or for a transient provider one
 * for each class that injects it.
 */
export function instancesOf(wrapper: InstanceWrapper): readonly object[] {
  const instances: unknown[] = wrapper.isTransient
    ? wrapper.getStaticTransientInstances().map((transient) => transient?.instance as unknown)
    : [wrapper.instance];
  return instances.filter((instance) => typeof instance === 'object' && instance !== null);
}

/** Whether Nest builds this class for the provider: no factory, value, alias or other class. */
export function isBuiltFrom(wrapper: InstanceWrapper, target: Function): boolean {
  return !wrapper.isAlias && !wrapper.isNotMetatype && wrapper.metatype === target;
}

function constructorOf(instance: object): Type<object> | undefined {
  const prototype = Object.getPrototypeOf(instance) as { constructor?: unknown } | null;
  const found = prototype?.constructor;
  return typeof found === 'function' ? (found as Type<object>) : undefined;
}

/** A provider or controller of the application that has handlers. */
export interface HandlerProvider {
  readonly wrapper: InstanceWrapper;
  readonly target: Type<object>;
  readonly handlers: readonly HandlerDefinition[];
}
