import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { HandlerDefinition } from '../injection/handler-registry.js';

/** What Nest's container keeps of one provider or controller. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * The class of what the provider gives: the declared one, or that of the instance where a factory made
 * it. As long as the factory was not called, the token stands for it. Read from the prototype, because
 * the instance may be a proxy.
 */
export function classOf(wrapper: ProviderWrapper): Type<object> | undefined {
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

/** What the provider gave in a static context, proxies as they are: one, or one for each that injects it. */
export function instancesOf(wrapper: ProviderWrapper): readonly object[] {
  const instances: unknown[] = wrapper.isTransient
    ? wrapper.getStaticTransientInstances().map((host) => host?.instance as unknown)
    : [wrapper.instance];
  return instances.filter((instance) => typeof instance === 'object' && instance !== null);
}

/** Whether Nest builds the class of the provider, rather than a factory, a value or an alias. */
export function isBuiltFrom(wrapper: ProviderWrapper, target: Function): boolean {
  return !wrapper.isAlias && !wrapper.isNotMetatype && wrapper.metatype === target;
}

function constructorOf(instance: object): Type<object> | undefined {
  const prototype = Object.getPrototypeOf(instance) as { constructor?: unknown } | null;
  const found = prototype?.constructor;
  return typeof found === 'function' ? (found as Type<object>) : undefined;
}

/** A provider or controller of the application with handlers. */
export interface HandlerHost {
  readonly wrapper: ProviderWrapper;
  readonly target: Type<object>;
  readonly handlers: readonly HandlerDefinition[];
}
