import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../contract/errors.js';
import { definingFile } from '../injection/call-site.js';
import { registerHost } from '../injection/handler-registry.js';
import { setHostOptions, type CpuTaskHostOptions } from '../injection/host-options.js';

/**
 * Tells what a worker needs to build the class, where that is more than its class-typed dependencies:
 * tokens, factories, modules with configuration. It is for classes with handlers and for the classes
 * that these depend on. What is said once holds for all handlers, as they share one application
 * context in a worker.
 *
 * It also makes a class known that only inherits its handlers, or that another class decorator
 * replaced: write it first, above the other decorators.
 *
 * @throws ConfigurationError for an unknown key, and for `imports` and `providers` that are no arrays.
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
export function CpuTaskHost(options: CpuTaskHostOptions = {}): ClassDecorator {
  return (target) => {
    const host = target as unknown as Type<object>;
    checkShape(host.name, options);
    setHostOptions(host, options);
    registerHost(host, definingFile());
  };
}

const KEYS: readonly string[] = ['imports', 'providers'] satisfies (keyof CpuTaskHostOptions)[];

function checkShape(name: string, options: object): void {
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    if (!KEYS.includes(key)) {
      throw new ConfigurationError(
        `@CpuTaskHost() on ${name} got the unknown key "${key}". It takes ${KEYS.join(' and ')}.`,
      );
    }
    if (value !== undefined && !Array.isArray(value)) {
      throw new ConfigurationError(
        `@CpuTaskHost() on ${name}: ${key} must be an array, and is ${typeof value}.`,
      );
    }
  }
}
