import type { Provider, Type } from '@nestjs/common';
import {
  dependenciesOf,
  isForwardReference,
  isInjectable,
  isRequestScoped,
  type Dependency,
} from './class-dependencies.js';
import { placeText, tokenText, type Needed, type PlanProblem } from './plan-problems.js';
import {
  isClassProvider,
  isExistingProvider,
  isFactoryProvider,
  tokenOf,
} from './provider-tokens.js';

/** What classes and providers need, transitively, beyond what is provided already. */
export class Closure {
  /** The classes that have to be provided as themselves. */
  readonly classes = new Set<Type<object>>();
  readonly problems: PlanProblem[] = [];
  /** Optional dependencies that nothing provides. */
  readonly omitted: Dependency[] = [];
  readonly #provided: ReadonlySet<unknown>;

  constructor(provided: ReadonlySet<unknown>) {
    this.#provided = provided;
  }

  /** Adds a class, unless its token is provided, and what it depends on. */
  addClass(target: Type<object>, path: readonly Function[]): void {
    if (this.#provided.has(target) || this.classes.has(target)) return;
    this.classes.add(target);
    if (isRequestScoped(target)) this.problems.push({ kind: 'request-scoped', target });
    this.#addDependencies(target, path);
  }

  /** Adds what a provider depends on that `@CpuTaskHost()` on the host gives. */
  addProvider(provider: Provider, host: Function): void {
    if (typeof provider === 'function') this.#addDependencies(provider, [host, provider]);
    else if (isClassProvider(provider)) {
      this.#addDependencies(provider.useClass, [host, provider.useClass]);
    } else if (isFactoryProvider(provider)) {
      for (const [index, injected] of (provider.inject ?? []).entries()) {
        const { token, optional } = readInjected(injected);
        this.#need(
          { token, place: `${providerText(provider, host)} (inject[${index}])`, path: [host] },
          optional,
        );
      }
    } else if (isExistingProvider(provider)) {
      const token: unknown = provider.useExisting;
      this.#need({ token, place: `${providerText(provider, host)} (useExisting)`, path: [host] });
    }
  }

  #addDependencies(target: Function, path: readonly Function[]): void {
    for (const dependency of dependenciesOf(target)) {
      const { token, optional } = dependency;
      const needed: Needed = { token, place: placeText(dependency), path };
      if (!this.#isTyped(token)) {
        if (!optional) this.problems.push({ kind: 'untyped', needed, dependency });
      } else if (!this.#need(needed, optional)) this.omitted.push(dependency);
    }
  }

  /** @returns false where an optional need stays unmet. */
  #need(needed: Needed, optional = false): boolean {
    const { token, path } = needed;
    if (this.#provided.has(token)) return true;
    if (typeof token === 'function' && isInjectable(token)) {
      this.addClass(token as Type<object>, [...path, token]);
      return true;
    }
    if (optional) return false;
    this.problems.push({ kind: 'unavailable', needed });
    return true;
  }

  #isTyped(token: unknown): boolean {
    if (this.#provided.has(token)) return true;
    return token !== undefined && !TYPES_OF_THE_LANGUAGE.has(token);
  }
}

/** What compilers write for a type that is no class of the application's. */
const TYPES_OF_THE_LANGUAGE = new Set<unknown>([
  Object,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Array,
  Function,
  Promise,
  Date,
  Map,
  Set,
  null,
]);

function providerText(provider: Provider, host: Function): string {
  return `the provider of ${tokenText(tokenOf(provider))} that @CpuTaskHost() on ${host.name} gives`;
}

function readInjected(injected: unknown): { token: unknown; optional: boolean } {
  if (isForwardReference(injected)) return { token: injected.forwardRef(), optional: false };
  if (typeof injected !== 'object' || injected === null || !('token' in injected)) {
    return { token: injected, optional: false };
  }
  const { token } = injected;
  return {
    token: isForwardReference(token) ? token.forwardRef() : token,
    optional: 'optional' in injected && injected.optional === true,
  };
}
