import type { ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../contract/errors.js';
import { dependenciesOf } from '../injection/class-dependencies.js';
import { handlersOf, hostOptionsOf, type MainToken } from '../injection/handler-registry.js';
import { isEmitterClass } from '../injection/main-stand-in.js';
import type { InstanceWrapper, ModuleRecord } from '../injection/nest-internals.js';
import { tokenText } from '../injection/plan-problems.js';
import { isCallableName } from '../protocol/callable-methods.js';
import { placesInMain } from './in-main.decorator.js';

/**
 * The providers of an application that stay there: those that `forRoot({ main })`, `@CpuTaskHost({ main })` and
 * `@InMain()` name, and `EventEmitter2`. Workers call their methods, and may call nothing else.
 */
export class MainProviders {
  readonly #modules: ModulesContainer;
  readonly #listed: readonly MainToken[];
  #tokens: ReadonlyMap<string, unknown> | undefined = undefined;
  readonly #instances = new Map<string, object>();
  #isOpen = false;

  /** @param listed - The tokens that `forRoot()` names. */
  constructor(modules: ModulesContainer, listed: readonly MainToken[]) {
    this.#modules = modules;
    this.#listed = listed;
  }

  /** The tokens as they are written in code, by which workers know them. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** Whether the provider of the token stays in the application. */
  has(token: unknown): boolean {
    return this.#byName.get(tokenText(token)) === token;
  }

  /** The application has built its providers: from now on they can be called. */
  open(): void {
    this.#isOpen = true;
  }

  /** What keeps these providers from being called. */
  problems(): string[] {
    return [...this.#byName].flatMap(([name, token]) => this.#problemsOf(name, token));
  }

  /** @throws ConfigurationError unless it is a method of a provider that stays in the application */
  async call(provider: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const instance = this.#instances.get(provider) ?? this.#instanceOf(provider);
    const run: unknown = isCallableName(method) ? Reflect.get(instance, method) : undefined;
    if (typeof run !== 'function') {
      throw new ConfigurationError(
        `A worker called ${provider}.${method}() in the application, and ${provider} has no such method there that ` +
          'workers may call. They may call its own and inherited methods, but not lifecycle hooks, methods that ' +
          'every object has, and those with a leading underscore; and they cannot read properties.',
      );
    }
    return Reflect.apply(run, instance, args) as unknown;
  }

  #instanceOf(name: string): object {
    const token = this.#byName.get(name);
    if (token === undefined) {
      throw new ConfigurationError(
        `A worker called ${name} in the application, which is not among the providers that stay there. Name it ` +
          'with AsyncerMpModule.forRoot({ main: [...] }), @CpuTaskHost({ main: [...] }) or @InMain().',
      );
    }
    if (!this.#isOpen) {
      throw new ConfigurationError(
        `A worker called ${name} in the application, which has not built its providers yet. Submit tasks that call ` +
          'it in a lifecycle hook or later.',
      );
    }
    const instance: unknown = this.#wrappersOf(token)[0]?.instance;
    if (typeof instance !== 'object' || instance === null) {
      throw new ConfigurationError(`${name} is no object in the application, so it has no methods`);
    }
    this.#instances.set(name, instance);
    return instance;
  }

  #problemsOf(name: string, token: unknown): string[] {
    const wrappers = this.#wrappersOf(token);
    const stays = `${name} is to stay in the application (main)`;
    const others = this.#otherTokensNamed(name, token);
    if (others.length > 0) {
      return isEmitterClass(token)
        ? []
        : [`${stays}, and the application has another token of that name. Rename one of them.`];
    }
    if (wrappers.length === 0) {
      return [`${stays}, but no module of it provides ${name}.`];
    }
    if (wrappers.some((each) => each.isTransient || !each.isDependencyTreeStatic())) {
      return [`${stays}, where it is transient or request-scoped: there is no one instance.`];
    }
    if (new Set(wrappers.map(({ instance }) => instance as unknown)).size > 1) {
      const modules = wrappers.map(({ host }) => host?.name ?? 'a module').join(' and ');
      return [`${stays}, where ${modules} have an instance each. Provide it once, and export it.`];
    }
    if (typeof wrappers[0]?.instance !== 'object' || wrappers[0].instance === null) {
      return [`${stays}, where it is no object: workers can only call methods.`];
    }
    const handlers = typeof token === 'function' ? handlersOf(token) : [];
    return handlers.length > 0
      ? [
          `${stays}, and has the handler ${handlers[0]?.name}, which runs in workers. Move what is to stay to a class ` +
            'of its own.',
        ]
      : [];
  }

  get #byName(): ReadonlyMap<string, unknown> {
    return (this.#tokens ??= this.#findTokens());
  }

  #findTokens(): Map<string, unknown> {
    const tokens = new Set<unknown>(this.#listed);
    for (const { token, metatype } of this.#all()) {
      if (isEmitterClass(token) && this.#otherTokensNamed(tokenText(token), token).length === 0) {
        tokens.add(token);
      }
      if (typeof metatype === 'function') {
        for (const each of [...(hostOptionsOf(metatype)?.main ?? []), ...tokensInMain(metatype)]) {
          tokens.add(each);
        }
      }
    }
    return new Map([...tokens].map((token) => [tokenText(token), token]));
  }

  #wrappersOf(token: unknown): InstanceWrapper[] {
    return [...this.#modules.values()].flatMap(
      (module) => module.providers.get(token as never) ?? [],
    );
  }

  /** Workers know a token by its name only. */
  #otherTokensNamed(name: string, token: unknown): unknown[] {
    return this.#all()
      .map((wrapper) => wrapper.token as unknown)
      .filter((other) => other !== token && tokenText(other) === name);
  }

  #all(): InstanceWrapper[] {
    return ([...this.#modules.values()] as ModuleRecord[]).flatMap(({ providers, controllers }) => [
      ...providers.values(),
      ...controllers.values(),
    ]);
  }
}

/** The tokens of the parameters and properties with `@InMain()`. */
function tokensInMain(target: Function): unknown[] {
  const places = placesInMain(target);
  return places.length === 0
    ? []
    : dependenciesOf(target)
        .filter(({ place }) => places.includes(place))
        .map(({ token }) => token);
}
