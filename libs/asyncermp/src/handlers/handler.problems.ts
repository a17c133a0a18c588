import { Scope, type Provider, type Type } from '@nestjs/common';
import {
  type HandlerDefinition,
  allHandlers,
  isUnlocatedHeir,
} from '../injection/handler-registry.js';
import { type HandlerHost, isBuiltFrom, type ProviderWrapper } from './provider-wrapper.js';
import { dependenciesOf, type Dependency } from '../injection/class-dependencies.js';
import {
  describeProblem,
  placeText,
  tokenText,
  type PlanProblem,
} from '../injection/plan-problems.js';
import { planWorkerModule, type WorkerModulePlan } from '../injection/worker-module.plan.js';
import { nestCore } from '../injection/nest-core.js';

/** What is wrong with handlers wherever they run. */
export function handlerProblems(hosts: readonly HandlerHost[]): string[] {
  return [...sharedNames(hosts), ...requestScopes(hosts)];
}

function sharedNames(hosts: readonly HandlerHost[]): string[] {
  const byName = new Map<string, Set<HandlerDefinition>>();
  for (const definition of hosts.flatMap(({ handlers }) => handlers)) {
    const same = byName.get(definition.name) ?? new Set();
    byName.set(definition.name, same.add(definition));
  }
  return [...byName]
    .filter(([, definitions]) => definitions.size > 1)
    .map(([name, definitions]) => sharedNameProblem(name, [...definitions]));
}

/** One text for all ways in which two handlers come to share a name. */
export function sharedNameProblem(name: string, definitions: readonly HandlerDefinition[]): string {
  const places = definitions.map(
    ({ target, method, file }) => `${target.name}.${method} in ${file ?? 'an unknown file'}`,
  );
  return (
    `Several handlers are named ${name}: ${places.join(', and ')}. Give all but one another name ` +
    "with @CpuTask({ name: '...' })."
  );
}

function requestScopes(hosts: readonly HandlerHost[]): string[] {
  return hosts
    .filter(({ wrapper }) => !wrapper.isDependencyTreeStatic())
    .map(({ wrapper, target, handlers }) => {
      const how = wrapper.isDependencyTreeDurable() ? 'durable' : 'request-scoped';
      const itself = wrapper.scope === Scope.REQUEST ? '' : ', by one of its dependencies';
      return (
        `${target.name} is ${how}${itself}, and has the handlers ${handlers.map(({ name }) => name).join(', ')}: ` +
        'a worker has no requests to build it for. Pass what it takes from the request as arguments, ' +
        'and move the decorated methods to a class that is a singleton.'
      );
    });
}

/** What keeps handlers from working in a worker, and what differs there. */
export interface WorkerFindings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Checks that a worker can find every handler and build the same providers as the application. */
export async function workerProblems(
  hosts: readonly HandlerHost[],
  application: readonly ProviderWrapper[],
  inertProviders: readonly Provider[],
): Promise<WorkerFindings> {
  const definitions = [...new Set(hosts.flatMap(({ handlers }) => handlers))];
  const plan = await planWorkerModule([...new Set(hosts.map(({ target }) => target))], {
    coreTokens: nestCore.tokens,
    inertProviders,
  });
  const built = counterparts(hosts, plan);
  return {
    problems: [
      ...definitions.flatMap((definition) => locationProblem(definition) ?? []),
      ...rivals(definitions),
      // The application's own wrappers tell of request scopes more exactly.
      ...plan.problems
        .filter(({ kind }) => kind !== 'request-scoped')
        .map((problem) => describeProblem(problem) + originText(problem, application)),
      ...built.flatMap((counterpart) => substituteProblem(counterpart) ?? []),
    ],
    warnings: plan.omitted.flatMap((dependency) => omissionWarning(dependency, built) ?? []),
  };
}

function locationProblem(definition: HandlerDefinition): string | undefined {
  const { name, target, method, file } = definition;
  if (isUnlocatedHeir(definition)) {
    return (
      `${target.name} inherits the handler ${method}, and a worker would not find ${target.name}: only ` +
      'decorated classes tell their file. Write @CpuTaskHost() above the other decorators of ' +
      `${target.name}, or override ${method} in it with @CpuTask(), or provide the parent class itself.`
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

/** Handlers that a worker would find another definition for: it goes by file and name. */
function rivals(definitions: readonly HandlerDefinition[]): string[] {
  const files = new Set(definitions.map(({ file }) => file));
  const provided = new Set(definitions);
  return definitions.flatMap((definition) => {
    const others = allHandlers().filter(
      (other) => other.name === definition.name && files.has(other.file) && !provided.has(other),
    );
    return others.length === 0 ? [] : [sharedNameProblem(definition.name, [definition, ...others])];
  });
}

/** What the application has for a class that the plan builds by itself. */
interface Counterpart {
  readonly target: Type<object>;
  readonly wrapper: ProviderWrapper;
  /** The means of the application, where they are another than building the class. */
  readonly means: string | undefined;
}

/** Follows what Nest injected in the application as far as a worker would build it from classes. */
function counterparts(hosts: readonly HandlerHost[], { classes }: WorkerModulePlan): Counterpart[] {
  const found = new Map<ProviderWrapper, Counterpart>();
  const visit = (target: unknown, wrapper: ProviderWrapper): void => {
    if (!classes.has(target as Type<object>) || found.has(wrapper)) {
      return;
    }
    const counterpart = counterpartOf(target as Type<object>, wrapper);
    found.set(wrapper, counterpart);
    if (counterpart.means !== undefined) {
      return;
    }
    for (const dependency of dependenciesOf(counterpart.target)) {
      const injected = injectedFor(wrapper, dependency);
      if (injected !== undefined) {
        visit(dependency.token, injected);
      }
    }
  };
  for (const { target, wrapper } of hosts) {
    visit(target, wrapper);
  }
  return [...found.values()];
}

function counterpartOf(target: Type<object>, wrapper: ProviderWrapper): Counterpart {
  const { token, metatype } = wrapper;
  if (isBuiltFrom(wrapper, target)) {
    return { target, wrapper, means: undefined };
  }
  // Nest remembers what an alias stands for, and not the alias.
  if (token !== target) {
    return { target, wrapper, means: `useExisting: ${tokenText(token)}` };
  }
  if (wrapper.isFactory) {
    return { target, wrapper, means: 'useFactory' };
  }
  const means = metatype === null ? 'useValue' : `useClass: ${tokenText(metatype)}`;
  return { target, wrapper, means };
}

function injectedFor(wrapper: ProviderWrapper, { place }: Dependency): ProviderWrapper | undefined {
  if (typeof place === 'number') {
    return (wrapper.getCtorMetadata() as ProviderWrapper[] | undefined)?.[place];
  }
  const properties = wrapper.getPropertiesMetadata() as
    { key: unknown; wrapper: ProviderWrapper }[] | undefined;
  return properties?.find(({ key }) => key === place)?.wrapper;
}

/** Where the application has it from: likely the module that `@CpuTaskHost()` should import. */
function originText(problem: PlanProblem, application: readonly ProviderWrapper[]): string {
  if (problem.kind !== 'unavailable') {
    return '';
  }
  const { token } = problem.needed;
  const modules = application.filter((wrapper) => wrapper.token === token).map(moduleOf);
  return modules.length === 0 ? '' : ` The application has it from ${modules.join(' and ')}.`;
}

function moduleOf({ host }: ProviderWrapper): string {
  return host?.name ?? 'a module';
}

function substituteProblem({ target: { name }, wrapper, means }: Counterpart): string | undefined {
  if (means === undefined) {
    return undefined;
  }
  return (
    `The application provides ${name} by ${means} in ${moduleOf(wrapper)}, and a worker would build the class itself, which ` +
    'is something else. Tell workers how to make it, on the class that injects it, with ' +
    `@CpuTaskHost({ providers: [{ provide: ${name}, ... }] }) or ` +
    '@CpuTaskHost({ imports: [TheModule] }).'
  );
}

/** Tells an optional dependency that the application injects and a worker does not. */
function omissionWarning(
  dependency: Dependency,
  built: readonly Counterpart[],
): string | undefined {
  const { owner, token } = dependency;
  const isInjected = built.some(
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
