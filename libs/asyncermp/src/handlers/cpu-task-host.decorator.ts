import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../contract/errors.js';
import { definingFile } from '../injection/call-site.js';
import { registerHost, type CpuTaskHostOptions } from '../injection/handler-registry.js';

/**
 * Lists what a worker needs to build the class, in addition to its class-typed dependencies: tokens,
 * factories, configured modules. Use it on classes with handlers and on classes that these depend on. All
 * handlers share one application context in a worker, so one class's modules and providers are there for all.
 *
 * It also registers a class that only inherits its handlers, or that another class decorator replaced. Write
 * it first, above the other decorators.
 *
 * @param options - Modules and providers for workers, or a function that returns them, which is called when
 * they are needed: for files that import each other, and for what must not be evaluated early. Default: none,
 * which only registers the class.
 * @throws ConfigurationError for an unknown key, and if `imports` or `providers` is not an array
 *
 * @example
 * ```ts
 * @Injectable()
 * @CpuTaskHost({
 *   imports: [ConfigModule.forRoot()],
 *   providers: [{ provide: QUALITY, useValue: 80 }],
 * })
 * export class ThumbnailService {
 *   constructor(private readonly config: ConfigService, @Inject(QUALITY) private readonly quality: number) {}
 * }
 * ```
 */
export function CpuTaskHost(
  options: CpuTaskHostOptions | (() => CpuTaskHostOptions) = {},
): ClassDecorator {
  return (target) => {
    const host = target as unknown as Type<object>;
    const checked = (given: CpuTaskHostOptions): CpuTaskHostOptions => {
      checkShape(host.name, given);
      return given;
    };
    const late = typeof options === 'function' ? () => checked(options()) : checked(options);
    registerHost(host, late, definingFile());
  };
}

const KEYS: readonly string[] = [
  'imports',
  'providers',
  'main',
] satisfies (keyof CpuTaskHostOptions)[];

function checkShape(name: string, options: object): void {
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    if (!KEYS.includes(key)) {
      throw new ConfigurationError(
        `@CpuTaskHost() on ${name} got the unknown key "${key}". It takes ${KEYS.join(', ')}.`,
      );
    }
    if (value !== undefined && !Array.isArray(value)) {
      throw new ConfigurationError(
        `@CpuTaskHost() on ${name}: ${key} must be an array, and is ${typeof value}.`,
      );
    }
  }
}
