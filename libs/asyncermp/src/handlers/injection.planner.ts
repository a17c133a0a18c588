import { Inject, Injectable, type Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer, type NestContainer } from '@nestjs/core';
import { ConfigurationError } from '../contract/errors.js';
import type { ModuleRegistration } from '../injection/module-registry.js';
import { dynamicOptionsOf, type ModuleRecord } from '../injection/nest-internals.js';
import type { InjectionPlan } from '../protocol/injection-plan.js';
import { contextNames } from '../worker/contexts.js';
import { entryFile } from '../worker/entry-file.js';
import { HandlerExplorer } from './handler.explorer.js';
import { MainProviders } from './main-providers.js';
import {
  entryOfProcess,
  findRoot,
  type FoundRoot,
  type ImportedModule,
  type RootRecord,
} from './root-source.js';

/** How workers build the handlers' providers: the option `injection`. */
export type InjectionOption = 'auto' | 'application' | 'handlers';

/** The application's `ModuleRegistration`. */
export const REGISTRATION = Symbol('nestjs-asyncermp:registration');

/** A plan, and what to say of it. */
export interface ChosenPlan {
  readonly plan: InjectionPlan;
  /** What keeps workers from building the handlers by this plan. */
  readonly problems: readonly string[];
  /** Why workers use the application's module graph; empty if they do not. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

/** Decides how workers build the handlers' providers. */
@Injectable()
export class InjectionPlanner {
  readonly #explorer: HandlerExplorer;
  readonly #modules: ModulesContainer;
  readonly #container: NestContainer;
  readonly #registration: ModuleRegistration;
  #chosen: Promise<ChosenPlan> | undefined;
  /** The providers that stay in the application. */
  readonly main: MainProviders;

  constructor(
    explorer: HandlerExplorer,
    modules: ModulesContainer,
    moduleRef: ModuleRef,
    @Inject(REGISTRATION) registration: ModuleRegistration,
  ) {
    this.#explorer = explorer;
    this.#modules = modules;
    this.#container = Reflect.get(moduleRef, 'container') as NestContainer;
    this.#registration = registration;
    this.main = new MainProviders(modules, registration.options.main ?? []);
  }

  /**
   * The plan, decided once. It reads classes and modules only, so it can be asked for before the application has
   * built its providers.
   *
   * @param standIns - The stand-ins in a worker that builds the handlers' classes alone.
   * @throws ConfigurationError if the file of `forRoot()` is needed and unknown
   */
  choose(injection: InjectionOption, standIns: readonly Provider[]): Promise<ChosenPlan> {
    return (this.#chosen ??= this.#decide(injection, standIns));
  }

  async #decide(injection: InjectionOption, standIns: readonly Provider[]): Promise<ChosenPlan> {
    const { problems, configured, warnings } = await this.#explorer.classFindings(
      standIns,
      (token) => this.main.has(token),
      (wrapper) => this.#isConfigured(wrapper.host ?? undefined),
    );
    const requestScoped = this.#explorer.requestScoped();
    const reasons = [...requestScoped, ...problems, ...configured, ...warnings];
    const needsApplication =
      injection === 'application' || (injection === 'auto' && reasons.length > 0);
    if (!needsApplication) {
      return this.#ofClasses([...requestScoped, ...problems], warnings);
    }
    const root = this.#root();
    const found: FoundRoot =
      root === undefined
        ? { reason: 'the application has none' }
        : await findRoot(root, this.#registration, entryFile() === undefined);
    const { file, options } = this.#registration;
    if (found.source === undefined) {
      if (injection === 'auto' && requestScoped.length + problems.length === 0) {
        // What differs may be meant so.
        return this.#ofClasses([], warnings);
      }
      const name = root?.type.name ?? 'AppModule';
      const fix =
        `Workers could build it from the application's own modules, but cannot import its root module ${name}: ` +
        `${found.reason}. Export ${name} from ${file ?? 'the file that calls AsyncerMpModule.forRoot()'}, or ` +
        `pass it: AsyncerMpModule.forRoot({ root: () => ${name} }).`;
      const all = injection === 'application' ? [fix] : [...requestScoped, ...problems, fix];
      return this.#ofClasses(all, []);
    }
    const needsFile = this.#hasFunctions || options.include !== undefined;
    const isOption = found.source.kind === 'option';
    return {
      plan: this.#plan(needsFile || isOption ? this.#requiredSource() : undefined, found.source),
      problems: [],
      reasons: injection === 'application' ? ["the option injection is 'application'"] : reasons,
      warnings: [],
    };
  }

  /** The plan to build the handlers' classes alone. */
  #ofClasses(problems: readonly string[], warnings: readonly string[]): ChosenPlan {
    const registration = this.#hasFunctions ? this.#requiredSource() : undefined;
    return {
      plan: this.#plan(registration, undefined),
      problems,
      reasons: [],
      warnings,
    };
  }

  #plan(registration: InjectionPlan['registration'], root: InjectionPlan['root']): InjectionPlan {
    return { registration, root, main: this.main.names, entry: entryOfProcess() };
  }

  /** Whether a module does more than provide classes: it was imported with options, or has hooks. */
  #isConfigured(module: ModuleRecord | undefined): boolean {
    if (module === undefined) {
      return false;
    }
    const isRoot = this.#root()?.type === module.metatype;
    return (
      (dynamicOptionsOf(this.#container, module) !== undefined && !isRoot) ||
      HOOKS.some((hook) => hook in (module.metatype.prototype as object))
    );
  }

  /** The module behind Nest's own one, which is always the first. */
  #root(): RootRecord | undefined {
    const [, root] = [...this.#modules.values()] as ModuleRecord[];
    return (
      root && {
        ...this.#imported(root),
        imports: [...root.imports].map((each) => this.#imported(each)),
      }
    );
  }

  #imported(module: ModuleRecord): ImportedModule {
    const isDynamic = dynamicOptionsOf(this.#container, module) !== undefined;
    return { type: module.metatype, isDynamic };
  }

  /** Whether the options have functions that every worker calls, whatever it builds. */
  get #hasFunctions(): boolean {
    const { setup, context = [] } = this.#registration.options;
    return setup !== undefined || context.length > 0;
  }

  #requiredSource(): InjectionPlan['registration'] {
    const { file, index, options } = this.#registration;
    if (file === undefined) {
      throw new ConfigurationError(
        'The file that calls AsyncerMpModule.forRoot() is unknown, so workers cannot import the functions in its ' +
          'options. Call it in a file, not in code that is evaluated from a string.',
      );
    }
    return { file, index, contexts: contextNames(options.context) };
  }
}

const HOOKS = ['onModuleInit', 'onApplicationBootstrap'];
