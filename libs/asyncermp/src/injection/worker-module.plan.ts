import type { Provider, Type } from '@nestjs/common';
import { type ModuleImport, hostOptionsOf } from './host-options.js';
import {
  type Dependency,
  dependenciesOf,
  isForwardReference,
  isInjectable,
  isRequestScoped,
} from './class-dependencies.js';
import {
  exportedTokens,
  isSameProvider,
  tokenOf,
  isClassProvider,
  isExistingProvider,
  isFactoryProvider,
} from './provider-tokens.js';
import { type PlanProblem, placeText, tokenText, type Needed } from './plan-problems.js';

/** The root module of a worker, and what is wrong with it. */
export interface WorkerModulePlan {
  readonly imports: readonly ModuleImport[];
  readonly providers: readonly Provider[];
  readonly problems: readonly PlanProblem[];
  /** The classes that stand in `providers` only because they are handlers' or depended on. */
  readonly classes: ReadonlySet<Type<object>>;
  /** Optional dependencies that workers do without. */
  readonly omitted: readonly Dependency[];
}

/** What a worker has without anybody's doing. */
export interface WorkerSurroundings {
  /** What Nest itself provides. */
  readonly coreTokens: ReadonlySet<unknown>;
  /** Stand-ins for what this library provides in an application. */
  readonly inertProviders: readonly Provider[];
}

/**
 * Plans the root module of a worker: the handlers' classes, their class-typed dependencies,
 * transitively, and what `@CpuTaskHost()` on any of these adds. A dependency that is provided already
 * (by a host's providers, by the exports of a module that a host imports, by Nest) is not added.
 *
 * The application checks the plan when it starts, and every worker is built from it.
 */
export async function planWorkerModule(
  classes: readonly Type<object>[],
  surroundings: WorkerSurroundings,
): Promise<WorkerModulePlan> {
  const hosts = new Set<Function>(classes.filter(hostOptionsOf));
  // A host may give what made another class necessary, and that class may be a host itself: what was
  // found stays found, so this ends.
  for (;;) {
    const gifts = await collectContributions(hosts, surroundings);
    const closure = new Closure(gifts.tokens);
    for (const target of classes) {
      closure.addClass(target, [target]);
    }
    for (const { provider, host } of gifts.providers.values()) {
      closure.addProvider(provider, host);
    }
    const more = [...closure.classes].filter(
      (target) => hostOptionsOf(target) && !hosts.has(target),
    );
    if (more.length === 0) {
      return assemble(gifts, closure, surroundings);
    }
    for (const host of more) {
      hosts.add(host);
    }
  }
}

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
  { coreTokens, inertProviders }: WorkerSurroundings,
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
    ...inertProviders.map(tokenOf),
    ...providers.keys(),
    ...(await exportedTokens(imports)),
  ]);
  return { imports, providers, tokens, conflicts };
}

function assemble(
  gifts: HostContributions,
  closure: Closure,
  surroundings: WorkerSurroundings,
): WorkerModulePlan {
  return {
    imports: [...gifts.imports],
    providers: [
      ...surroundings.inertProviders,
      ...[...gifts.providers.values()].map(({ provider }) => provider),
      ...[...closure.classes].map(classProvider),
    ],
    problems: [...gifts.conflicts, ...closure.problems],
    classes: closure.classes,
    omitted: closure.omitted,
  };
}

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
    if (this.#provided.has(target) || this.classes.has(target)) {
      return;
    }
    this.classes.add(target);
    if (isRequestScoped(target)) {
      this.problems.push({ kind: 'request-scoped', target });
    }
    this.#addDependencies(target, path);
  }

  /** Adds what a provider depends on that `@CpuTaskHost()` on the host gives. */
  addProvider(provider: Provider, host: Function): void {
    if (typeof provider === 'function') {
      this.#addDependencies(provider, [host, provider]);
    } else if (isClassProvider(provider)) {
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
        if (!optional) {
          this.problems.push({ kind: 'untyped', needed, dependency });
        }
      } else if (!this.#need(needed, optional)) {
        this.omitted.push(dependency);
      }
    }
  }

  /** @returns false where an optional need stays unmet. */
  #need(needed: Needed, optional = false): boolean {
    const { token, path } = needed;
    if (this.#provided.has(token)) {
      return true;
    }
    if (typeof token === 'function' && isInjectable(token)) {
      this.addClass(token as Type<object>, [...path, token]);
      return true;
    }
    if (optional) {
      return false;
    }
    this.problems.push({ kind: 'unavailable', needed });
    return true;
  }

  #isTyped(token: unknown): boolean {
    if (this.#provided.has(token)) {
      return true;
    }
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
 * The class as a provider of a worker.
 *
 * For a class with guards, interceptors, pipes or filters a subclass without them is built: Nest would
 * build these enhancers as well, with dependencies of their own, and in a worker nothing calls them.
 */
export function classProvider(target: Type<object>): Provider {
  const bare = withoutEnhancers(target);
  return bare === undefined ? target : { provide: target, useClass: bare };
}

const ENHANCERS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

/** Pipes of parameters stand in the metadata of the routes' arguments. */
const ROUTE_ARGUMENTS = '__routeArguments__';

/** Undefined where there are none. Metadata of a subclass hides that of the class. */
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

/** The methods that instances have, inherited ones included. */
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
