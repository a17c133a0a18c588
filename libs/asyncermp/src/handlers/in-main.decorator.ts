import { Inject, type ForwardReference, type InjectionToken } from '@nestjs/common';

const IN_MAIN = 'asyncermp:in-main';

type Place = number | string | symbol;

/**
 * A provider as a worker sees it that has a stand-in for it: each method returns a promise of what the method
 * of the application's instance returns. What is no method is not there.
 *
 * @example
 * ```ts
 * constructor(@InMain(LedgerService) private readonly ledger: Remote<LedgerService>) {}
 * ```
 */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/**
 * Injects a provider that stays in the application: in a worker, a stand-in whose methods call the application's
 * instance and return promises. The same as `@Inject(token)` with the token in
 * `@CpuTaskHost({ main: [token] })`: all handlers of the application have the stand-in then. In the application
 * itself, and with `isolation: 'inline'`, it injects the instance, so `await` what its methods return.
 *
 * @param token - Default: the class that is the type of the parameter or property. The type {@link Remote} leaves
 * no class at run time, so it needs the token.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class ReportService {
 *   constructor(@InMain(LedgerService) private readonly ledger: Remote<LedgerService>) {}
 *
 *   @CpuTask()
 *   async report(year: number): Promise<string> {
 *     const entries = await this.ledger.entriesOf(year);
 *     return summarize(entries);
 *   }
 * }
 * ```
 */
export function InMain(
  token?: InjectionToken | ForwardReference,
): PropertyDecorator & ParameterDecorator {
  // Not Inject(undefined), which Nest takes for a token that a circular import has left undefined.
  const inject = token === undefined ? Inject() : Inject(token);
  return (target: object, key: string | symbol | undefined, index?: number) => {
    (inject as (target: object, key: string | symbol | undefined, index?: number) => void)(
      target,
      key,
      index,
    );
    const owner = typeof target === 'function' ? target : target.constructor;
    Reflect.defineMetadata(IN_MAIN, [...placesInMain(owner), index ?? key], owner);
  };
}

/** The indices of parameters and the keys of properties with `@InMain()`, inherited ones included. */
export function placesInMain(owner: Function): readonly Place[] {
  return (Reflect.getMetadata(IN_MAIN, owner) as readonly Place[] | undefined) ?? [];
}
