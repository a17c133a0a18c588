import { Scope, type Type } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  type HandlerDefinition,
  allHandlers,
  hostOptionsOf,
  isInheritedWithoutFile,
} from '../injection/handler-registry.js';
import {
  type HandlerProvider,
  instancesOf,
  isBuiltFrom,
  type InstanceWrapper,
} from './instance-wrapper.js';
import { resolvedDependencies } from '../injection/nest-internals.js';
import { dependenciesOf, type Dependency } from '../injection/class-dependencies.js';
import {
  describeProblem,
  placeText,
  tokenText,
  type PlanProblem,
} from '../injection/plan-problems.js';
import {
  planWorkerModule,
  type WorkerBuiltIns,
  type WorkerModulePlan,
} from '../injection/worker-module.plan.js';

/** Handlers that share a name, whichever way they run. */
export function duplicateNames(providers: readonly HandlerProvider[]): string[] {
  const byName = new Map<string, Set<HandlerDefinition>>();
  for (const definition of providers.flatMap(({ handlers }) => handlers)) {
    const same = byName.get(definition.name) ?? new Set();
    byName.set(definition.name, same.add(definition));
  }
  return [...byName]
    .filter(([, definitions]) => definitions.size > 1)
    .map(([name, definitions]) => duplicateNameProblem(name, [...definitions]));
}

/** The message for two handlers of one name, both in the application and among all handlers of a worker. */
function duplicateNameProblem(name: string, definitions: readonly HandlerDefinition[]): string {
  const places = definitions.map(
    ({ target, method, file }) => `${target.name}.${method} in ${file ?? 'an unknown file'}`,
  );
  return (
    `Several handlers are named ${name}: ${places.join(', and ')}. Give all but one another name ` +
    "with @CpuTask({ name: '...' })."
  );
}

/**
 * Classes with handlers of which the application has several instances that Nest has not all built from the class:
 * workers have one, so they would run the tasks of all of them on the same.
 */
export function distinctInstances(providers: readonly HandlerProvider[]): string[] {
  const targets = new Set(providers.map(({ target }) => target));
  return [...targets].flatMap((target) => {
    const same = providers.filter((provider) => provider.target === target);
    const built = same.filter(({ wrapper }) => isBuiltFrom(wrapper, target));
    const known = new Set(built.flatMap(({ wrapper }) => instancesOf(wrapper)));
    const [first] = built;
    let other = first?.wrapper;
    return same.flatMap((provider) => {
      const { wrapper } = provider;
      if (built.includes(provider) || instancesOf(wrapper).every((each) => known.has(each))) {
        return [];
      }
      for (const instance of instancesOf(wrapper)) {
        known.add(instance);
      }
      const before = other;
      other ??= wrapper;
      return before === undefined ? [] : [distinctInstanceText(target, wrapper, before)];
    });
  });
}

function distinctInstanceText(
  { name }: Type<object>,
  wrapper: InstanceWrapper,
  other: InstanceWrapper,
): string {
  const [token, otherToken] = [tokenText(wrapper.token), tokenText(other.token)];
  const makes = wrapper.isFactory ? 'makes another instance' : 'is another instance';
  return (
    `The ${wrapper.isFactory ? 'factory' : 'value'} of ${token} in ${moduleOf(wrapper)} ${makes} of ${name} than that ` +
    `of ${otherToken} in ${moduleOf(other)}, and a worker has one ${name} for the tasks of both. If both may be the ` +
    `same, use { provide: ${token}, useExisting: ${otherToken} }, or a factory that injects and returns it. If not, ` +
    `make a subclass of ${name} with @CpuTaskHost() for it.`
  );
}

/** Handlers on classes of which there is no one instance. */
export function requestScoped(providers: readonly HandlerProvider[]): string[] {
  return providers
    .filter(({ wrapper }) => !wrapper.isDependencyTreeStatic())
    .map(({ wrapper, target, handlers }) => {
      const how = wrapper.isDependencyTreeDurable() ? 'durable' : 'request-scoped';
      const path = requestScopePath(wrapper);
      const itself =
        wrapper.scope === Scope.REQUEST
          ? ''
          : `, by one of its dependencies${path === undefined ? '' : `, ${path}`}`;
      return (
        `${target.name} is ${how}${itself}, and has the handlers ${handlers.map(({ name }) => name).join(', ')}: ` +
        'a worker has no requests to build it for. Pass what it takes from the request as arguments, ' +
        'and move the decorated methods to a class that is a singleton.'
      );
    });
}

/**
 * The way from a provider to the one that makes it request-scoped: `Report > Rates > Tenant (REQUEST)`. Undefined
 * before Nest has resolved the dependencies.
 */
function requestScopePath(
  wrapper: InstanceWrapper,
  seen = new Set<InstanceWrapper>(),
): string | undefined {
  if (seen.has(wrapper) || wrapper.isDependencyTreeStatic()) {
    return undefined;
  }
  seen.add(wrapper);
  const name = tokenText(wrapper.token);
  if (wrapper.scope === Scope.REQUEST) {
    return `${name} (Scope.REQUEST)`;
  }
  for (const dependency of resolvedDependencies(wrapper)) {
    if (dependency.token === REQUEST) {
      return `${name} (REQUEST)`;
    }
    const path = requestScopePath(dependency, seen);
    if (path !== undefined) {
      return `${name} > ${path}`;
    }
  }
  return undefined;
}

/** What a worker that builds the handlers' classes alone would have otherwise than the application. */
export interface ClassFindings {
  /** They keep handlers from working. */
  readonly problems: readonly string[];
  /** Classes whose module does more than provide them. */
  readonly configured: readonly string[];
  /** What differs, and may be meant so. */
  readonly warnings: readonly string[];
}

/** Handlers that a worker would not find, however it builds their providers. */
export function locationProblems(providers: readonly HandlerProvider[]): string[] {
  const definitions = [...new Set(providers.flatMap(({ handlers }) => handlers))];
  return [
    ...definitions.flatMap((definition) => locationProblem(definition) ?? []),
    ...ambiguousNames(definitions),
  ];
}

/**
 * Compares what a worker would build of the handlers' classes alone with what the application has.
 *
 * @param isConfigured - Whether the module of a provider does more than provide classes.
 */
export async function classFindings(
  providers: readonly HandlerProvider[],
  application: readonly InstanceWrapper[],
  builtIns: WorkerBuiltIns,
  isConfigured: (wrapper: InstanceWrapper) => boolean,
): Promise<ClassFindings> {
  const plan = await planWorkerModule(
    [...new Set(providers.map(({ target }) => target))],
    builtIns,
  );
  const provided = applicationProviders(
    providers.filter((provider) => !isSelection(provider, providers)),
    plan,
  );
  // Undecided as long as Nest has not resolved the dependencies.
  const isReported = requestScoped(providers).length > 0;
  return {
    problems: [
      // requestScoped() reports these more exactly, from Nest's own records.
      ...plan.problems
        .filter((problem) => !isReported || !isOfRequestScope(problem))
        .map((problem) => describeProblem(problem) + originText(problem, application)),
      ...provided.flatMap((provider) => substituteProblem(provider) ?? []),
    ],
    configured: [
      ...application
        .filter((wrapper) => isBuiltByWorker(wrapper, plan) && isConfigured(wrapper))
        .map(configuredText),
      ...[...plan.classes]
        .filter((target) => hostOptionsOf(target)?.imports?.length)
        .map(({ name }) => `@CpuTaskHost() on ${name} imports modules, which may need others`),
    ],
    warnings: plan.omitted.flatMap((dependency) => omissionWarning(dependency, provided) ?? []),
  };
}

/** Whether a factory only selects an instance that Nest has built from the class. */
function isSelection(
  { wrapper, target }: HandlerProvider,
  providers: readonly HandlerProvider[],
): boolean {
  const instances = instancesOf(wrapper);
  const built = providers
    .filter((provider) => provider.target === target && isBuiltFrom(provider.wrapper, target))
    .flatMap((provider) => instancesOf(provider.wrapper));
  return (
    wrapper.isNotMetatype &&
    wrapper.token !== target &&
    instances.length > 0 &&
    instances.every((each) => built.includes(each))
  );
}

function isBuiltByWorker({ token }: InstanceWrapper, { classes }: WorkerModulePlan): boolean {
  return classes.has(token as Type<object>);
}

function configuredText(wrapper: InstanceWrapper): string {
  return `${tokenText(wrapper.token)} belongs to ${moduleOf(wrapper)}, which does more than provide it`;
}

function locationProblem(definition: HandlerDefinition): string | undefined {
  const { name, target, method, file } = definition;
  if (isInheritedWithoutFile(definition)) {
    return (
      `${target.name} inherits the handler ${method}, and a worker would not find ${target.name}: its ` +
      'file is known only if the class has a decorator of this library. Write @CpuTaskHost() above the other ' +
      `decorators of ${target.name}, or override ${method} in it with @CpuTask(), or provide the parent class itself.`
    );
  }
  if (file !== undefined) {
    return undefined;
  }
  return (
    `The file that defines the handler ${name} is unknown, so a worker cannot import it. Define ` +
    `${target.name} at the top level of a file (not in code that is evaluated from a string).`
  );
}

/** Handlers whose file defines another one of the same name: a worker finds a handler by file and name. */
function ambiguousNames(definitions: readonly HandlerDefinition[]): string[] {
  const files = new Set(definitions.map(({ file }) => file));
  const provided = new Set(definitions);
  return definitions.flatMap((definition) => {
    const others = allHandlers().filter(
      (other) => other.name === definition.name && files.has(other.file) && !provided.has(other),
    );
    return others.length === 0
      ? []
      : [duplicateNameProblem(definition.name, [definition, ...others])];
  });
}

/** The application's provider of a class that a worker builds by itself. */
interface ApplicationProvider {
  readonly target: Type<object>;
  readonly wrapper: InstanceWrapper;
  /** How the application provides it instead of building the class: `useFactory`, `useClass: Other`. */
  readonly substitute: string | undefined;
}

/**
 * The application's providers of the planned classes. Follows what Nest injected in the application, from the
 * handlers' classes on, up to the first provider that a worker would not build in the same way.
 */
function applicationProviders(
  providers: readonly HandlerProvider[],
  { classes }: WorkerModulePlan,
): ApplicationProvider[] {
  const found = new Map<InstanceWrapper, ApplicationProvider>();
  const visit = (target: unknown, wrapper: InstanceWrapper): void => {
    if (!classes.has(target as Type<object>) || found.has(wrapper)) {
      return;
    }
    const provider = applicationProvider(target as Type<object>, wrapper);
    found.set(wrapper, provider);
    if (provider.substitute !== undefined) {
      return;
    }
    for (const dependency of dependenciesOf(provider.target)) {
      const injected = injectedFor(wrapper, dependency);
      if (injected !== undefined) {
        visit(dependency.token, injected);
      }
    }
  };
  for (const { target, wrapper } of providers) {
    visit(target, wrapper);
  }
  return [...found.values()];
}

function applicationProvider(target: Type<object>, wrapper: InstanceWrapper): ApplicationProvider {
  const { token, metatype } = wrapper;
  if (isBuiltFrom(wrapper, target)) {
    return { target, wrapper, substitute: undefined };
  }
  // For an injected alias (`useExisting`) Nest records the wrapper of its target, and not the alias.
  if (token !== target) {
    return { target, wrapper, substitute: `useExisting: ${tokenText(token)}` };
  }
  if (wrapper.isFactory) {
    return { target, wrapper, substitute: 'useFactory' };
  }
  const substitute = metatype === null ? 'useValue' : `useClass: ${tokenText(metatype)}`;
  return { target, wrapper, substitute };
}

function injectedFor(wrapper: InstanceWrapper, { place }: Dependency): InstanceWrapper | undefined {
  if (typeof place === 'number') {
    return (wrapper.getCtorMetadata() as InstanceWrapper[] | undefined)?.[place];
  }
  const properties = wrapper.getPropertiesMetadata() as
    { key: unknown; wrapper: InstanceWrapper }[] | undefined;
  return properties?.find(({ key }) => key === place)?.wrapper;
}

function isOfRequestScope(problem: PlanProblem): boolean {
  return (
    problem.kind === 'request-scoped' ||
    (problem.kind === 'unavailable' && problem.requirement.token === REQUEST)
  );
}

/** The module that provides the token in the application: likely the one that `@CpuTaskHost()` should import. */
function originText(problem: PlanProblem, application: readonly InstanceWrapper[]): string {
  if (problem.kind !== 'unavailable') {
    return '';
  }
  const { token } = problem.requirement;
  const modules = application.filter((wrapper) => wrapper.token === token).map(moduleOf);
  return modules.length === 0 ? '' : ` The application has it from ${modules.join(' and ')}.`;
}

function moduleOf({ host }: InstanceWrapper): string {
  return host?.name ?? 'a module';
}

function substituteProblem({
  target: { name },
  wrapper,
  substitute,
}: ApplicationProvider): string | undefined {
  if (substitute === undefined) {
    return undefined;
  }
  return (
    `The application provides ${name} by ${substitute} in ${moduleOf(wrapper)}, but a worker would build the class ` +
    'itself. Give workers the same provider, on the class that injects it, with ' +
    `@CpuTaskHost({ providers: [{ provide: ${name}, ... }] }) or ` +
    '@CpuTaskHost({ imports: [TheModule] }).'
  );
}

/** The warning about an optional dependency that the application injects and a worker does not. */
function omissionWarning(
  dependency: Dependency,
  provided: readonly ApplicationProvider[],
): string | undefined {
  const { owner, token } = dependency;
  const isInjected = provided.some(
    ({ target, wrapper }) => target === owner && injectedFor(wrapper, dependency) !== undefined,
  );
  if (!isInjected) {
    return undefined;
  }
  return (
    `Workers build ${owner.name} without ${tokenText(token)} (${placeText(dependency)}), which is ` +
    'optional, and which the application provides. If they need it, give it with ' +
    '@CpuTaskHost({ providers | imports }).'
  );
}
