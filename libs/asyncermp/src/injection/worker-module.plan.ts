import type {
  ClassProvider,
  ExistingProvider,
  FactoryProvider,
  Provider,
  Type,
} from '@nestjs/common';
import {
  type Dependency,
  dependenciesOf,
  isForwardReference,
  isInjectable,
  isRequestScoped,
} from './class-dependencies.js';
import { type ModuleImport, hostOptionsOf } from './handler-registry.js';
import { exportedTokens } from './module-exports.js';
import { type PlanProblem, placeText, tokenText, type Requirement } from './plan-problems.js';

/** The imports and providers of a worker's root module, and the problems found while planning it. */
export interface WorkerModulePlan {
  readonly imports: readonly ModuleImport[];
  readonly providers: readonly Provider[];
  readonly problems: readonly PlanProblem[];
  /** The classes among `providers` that the plan added: those of the handlers, and their dependencies. */
  readonly classes: ReadonlySet<Type<object>>;
  /** Optional dependencies that workers do not provide. */
  readonly omitted: readonly Dependency[];
  /** The tokens among the dependencies whose providers stay in the application. */
  readonly main: ReadonlySet<unknown>;
}

/** What every worker provides without any configuration. */
export interface WorkerBuiltIns {
  /** The tokens that Nest itself provides. */
  readonly coreTokens: ReadonlySet<unknown>;
  /** Stand-ins for the providers that this library has in an application. */
  readonly standIns: readonly Provider[];
  /** Whether the provider of the token stays in the application. */
  readonly isMain: (token: unknown) => boolean;
}

/**
 * Plans the root module of a worker: the handlers' classes; their class-typed dependencies, transitively;
 * and what `@CpuTaskHost()` on any of these classes contributes. A dependency is not added if a provider
 * of a host, an export of a module that a host imports, Nest or a stand-in provides it already.
 *
 * The application checks the plan when it starts, and every worker is built from the same plan.
 */
export async function planWorkerModule(
  classes: readonly Type<object>[],
  builtIns: WorkerBuiltIns,
): Promise<WorkerModulePlan> {
  const hosts = new Set<Function>(classes.filter(hostOptionsOf));
  // A new host may provide a dependency that made another class necessary, and that class may itself be a
  // host. Hosts are only ever added, so the loop ends.
  for (;;) {
    const contributions = await collectContributions(hosts, builtIns);
    const closure = new DependencyClosure(contributions.tokens, builtIns.isMain);
    for (const target of classes) {
      closure.addClass(target, [target]);
    }
    for (const { provider, host } of contributions.providers.values()) {
      closure.addProvider(provider, host);
    }
    const newHosts = [...closure.classes].filter(
      (target) => hostOptionsOf(target) && !hosts.has(target),
    );
    if (newHosts.length === 0) {
      return assemble(contributions, closure, builtIns);
    }
    for (const host of newHosts) {
      hosts.add(host);
    }
  }
}

/** The imports and providers of all `@CpuTaskHost()`, and all tokens that a worker then provides. */
interface HostContributions {
  readonly imports: ReadonlySet<ModuleImport>;
  readonly providers: ReadonlyMap<
    unknown,
    { readonly provider: Provider; readonly host: Function }
  >;
  readonly tokens: ReadonlySet<unknown>;
  readonly conflicts: readonly PlanProblem[];
}

async function collectContributions(
  hosts: ReadonlySet<Function>,
  { coreTokens, standIns }: WorkerBuiltIns,
): Promise<HostContributions> {
  const imports = new Set<ModuleImport>();
  const providers = new Map<unknown, { provider: Provider; host: Function }>();
  const conflicts: PlanProblem[] = [];
  for (const host of hosts) {
    const options = hostOptionsOf(host) ?? {};
    for (const module of options.imports ?? []) {
      imports.add(module);
    }
    for (const provider of options.providers ?? []) {
      const token = tokenOf(provider);
      const other = providers.get(token);
      if (other === undefined) {
        providers.set(token, { provider, host });
      } else if (!isSameProvider(provider, other.provider)) {
        conflicts.push({ kind: 'conflict', token, hosts: [other.host.name, host.name] });
      }
    }
  }
  const tokens = new Set([
    ...coreTokens,
    ...standIns.map(tokenOf),
    ...providers.keys(),
    ...(await exportedTokens(imports)),
  ]);
  return { imports, providers, tokens, conflicts };
}

function assemble(
  contributions: HostContributions,
  closure: DependencyClosure,
  { standIns }: WorkerBuiltIns,
): WorkerModulePlan {
  return {
    imports: [...contributions.imports],
    providers: [
      ...standIns,
      ...[...contributions.providers.values()].map(({ provider }) => provider),
      ...[...closure.classes].map(classProvider),
    ],
    problems: [...contributions.conflicts, ...closure.problems],
    classes: closure.classes,
    omitted: closure.omitted,
    main: closure.main,
  };
}

/** The transitive dependencies of classes and providers that are not provided already. */
class DependencyClosure {
  /** The classes that the plan has to add as providers. */
  readonly classes = new Set<Type<object>>();
  readonly problems: PlanProblem[] = [];
  /** Optional dependencies that no provider has. */
  readonly omitted: Dependency[] = [];
  /** Those that stay in the application, with all that they depend on. */
  readonly main = new Set<unknown>();
  readonly #provided: ReadonlySet<unknown>;
  readonly #isMain: (token: unknown) => boolean;

  constructor(provided: ReadonlySet<unknown>, isMain: (token: unknown) => boolean) {
    this.#provided = provided;
    this.#isMain = isMain;
  }

  /** Adds a class and its dependencies, unless the class is provided already. */
  addClass(target: Type<object>, path: readonly Function[]): void {
    if (this.#provided.has(target) || this.classes.has(target)) {
      return;
    }
    this.classes.add(target);
    if (isRequestScoped(target)) {
      this.problems.push({ kind: 'request-scoped', target, path });
    }
    this.#addDependencies(target, path);
  }

  /** Adds the dependencies of a provider that `@CpuTaskHost()` on the host contributes. */
  addProvider(provider: Provider, host: Function): void {
    if (typeof provider === 'function') {
      this.#addDependencies(provider, [host, provider]);
    } else if (isClassProvider(provider)) {
      this.#addDependencies(provider.useClass, [host, provider.useClass]);
    } else if (isFactoryProvider(provider)) {
      for (const [index, injected] of (provider.inject ?? []).entries()) {
        const { token, optional } = readInjected(injected);
        this.#require(
          { token, place: `${providerText(provider, host)} (inject[${index}])`, path: [host] },
          optional,
        );
      }
    } else if (isExistingProvider(provider)) {
      const token: unknown = provider.useExisting;
      this.#require({
        token,
        place: `${providerText(provider, host)} (useExisting)`,
        path: [host],
      });
    }
  }

  #addDependencies(target: Function, path: readonly Function[]): void {
    for (const dependency of dependenciesOf(target)) {
      const { token, optional } = dependency;
      const requirement: Requirement = { token, place: placeText(dependency), path };
      if (!this.#isTyped(token)) {
        if (!optional) {
          this.problems.push({ kind: 'untyped', requirement, dependency });
        }
      } else if (!this.#require(requirement, optional)) {
        this.omitted.push(dependency);
      }
    }
  }

  /** @returns false if the token is optional and no provider has it */
  #require(requirement: Requirement, optional = false): boolean {
    const { token, path } = requirement;
    if (this.#provided.has(token)) {
      return true;
    }
    if (this.#isMain(token)) {
      this.main.add(token);
      return true;
    }
    if (typeof token === 'function' && isInjectable(token)) {
      this.addClass(token as Type<object>, [...path, token]);
      return true;
    }
    if (optional) {
      return false;
    }
    this.problems.push({ kind: 'unavailable', requirement });
    return true;
  }

  #isTyped(token: unknown): boolean {
    if (this.#provided.has(token)) {
      return true;
    }
    return token !== undefined && !LANGUAGE_TYPES.has(token);
  }
}

/** What compilers write as the type of a parameter whose type is not a class of the application. */
const LANGUAGE_TYPES = new Set<unknown>([
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

function tokenOf(provider: Provider): unknown {
  return typeof provider === 'function' ? provider : provider.provide;
}

/** Whether two providers have equal parts: two hosts may each have their own object for the same provider. */
function isSameProvider(one: Provider, other: Provider): boolean {
  if (one === other) {
    return true;
  }
  if (typeof one === 'function' || typeof other === 'function') {
    return false;
  }
  const parts = Object.entries(one) as [string, unknown][];
  if (parts.length !== Object.keys(other).length) {
    return false;
  }
  return parts.every(([key, value]) => isSamePart(value, Reflect.get(other, key)));
}

function isSamePart(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) {
    return Object.is(one, other);
  }
  return one.length === other.length && one.every((item, index) => Object.is(item, other[index]));
}

function isClassProvider(provider: Provider): provider is ClassProvider<object> {
  return 'useClass' in provider;
}

function isFactoryProvider(provider: Provider): provider is FactoryProvider {
  return 'useFactory' in provider;
}

function isExistingProvider(provider: Provider): provider is ExistingProvider {
  return 'useExisting' in provider;
}

function readInjected(injected: unknown): { token: unknown; optional: boolean } {
  if (isForwardReference(injected)) {
    return { token: injected.forwardRef(), optional: false };
  }
  if (typeof injected !== 'object' || injected === null || !('token' in injected)) {
    return { token: injected, optional: false };
  }
  const { token } = injected;
  return {
    token: isForwardReference(token) ? token.forwardRef() : token,
    optional: 'optional' in injected && injected.optional === true,
  };
}

/**
 * The provider of a class in a worker.
 *
 * A class with guards, interceptors, pipes or filters is replaced by a subclass without them. Otherwise Nest
 * would build these enhancers too, with all their dependencies, although a worker never calls them.
 */
function classProvider(target: Type<object>): Provider {
  const bare = withoutEnhancers(target);
  return bare === undefined ? target : { provide: target, useClass: bare };
}

const ENHANCERS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

/** The metadata of route arguments, which holds the pipes of parameters. */
const ROUTE_ARGUMENTS = '__routeArguments__';

/** Undefined if the class has no enhancers. Metadata of a subclass hides that of its parent. */
function withoutEnhancers(target: Type<object>): Type<object> | undefined {
  const onClass = ENHANCERS.filter((key) => Reflect.hasMetadata(key, target));
  const methods = [...methodsOf(target.prototype)];
  const onMethods = methods.filter(([, method]) =>
    ENHANCERS.some((key) => Reflect.hasMetadata(key, method)),
  );
  const onArguments = methods.filter(([name]) =>
    Reflect.hasMetadata(ROUTE_ARGUMENTS, target, name),
  );
  if (onClass.length + onMethods.length + onArguments.length === 0) {
    return undefined;
  }

  const bare = class extends target {};
  Object.defineProperty(bare, 'name', { value: target.name });
  for (const key of onClass) {
    Reflect.defineMetadata(key, [], bare);
  }
  for (const [name] of onArguments) {
    Reflect.defineMetadata(ROUTE_ARGUMENTS, {}, bare, name);
  }
  for (const [name, method] of onMethods) {
    const value = function (this: unknown, ...args: unknown[]): unknown {
      return method.apply(this, args);
    };
    Object.defineProperty(bare.prototype, name, { value, configurable: true, writable: true });
  }
  return bare;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The methods of the class's instances, inherited methods included. */
function* methodsOf(start: object): Generator<[name: string, method: Method]> {
  const overridden = new Set(['constructor']);
  let prototype: object | null = start;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (overridden.has(name)) {
        continue;
      }
      overridden.add(name);
      if (typeof value === 'function') {
        yield [name, value as Method];
      }
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
