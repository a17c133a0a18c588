import type { DynamicModule, ForwardReference, Provider, Type } from '@nestjs/common';

/** A module as it may stand in `imports`. */
export type ModuleImport =
  Type<unknown> | DynamicModule | Promise<DynamicModule> | ForwardReference<() => unknown>;

/** What a worker needs to build a class, besides the class-typed dependencies of it. */
export interface CpuTaskHostOptions {
  /** Modules whose exports the class needs, with their configuration. Default: none. */
  readonly imports?: readonly ModuleImport[];
  /** Providers for tokens, and for classes which the application does not build by themselves. Default: none. */
  readonly providers?: readonly Provider[];
}

const HOST_METADATA = 'asyncermp:cpu-task-host';

export function setHostOptions(target: Function, options: CpuTaskHostOptions): void {
  Reflect.defineMetadata(HOST_METADATA, options, target);
}

/** What `@CpuTaskHost()` on the class, or on a parent of it, says. */
export function hostOptionsOf(target: Function): CpuTaskHostOptions | undefined {
  return Reflect.getMetadata(HOST_METADATA, target) as CpuTaskHostOptions | undefined;
}
