import type { Provider, Type } from '@nestjs/common';
import type { ModuleImport } from '../registry/host-options.js';
import { hostOptionsOf } from '../registry/host-options.js';
import type { Dependency } from './class-dependencies.js';
import { classProvider } from './class-provider.js';
import { Closure } from './dependency-closure.js';
import { exportedTokens } from './module-exports.js';
import type { PlanProblem } from './plan-problems.js';
import { isSameProvider, tokenOf } from './provider-tokens.js';

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
    const gifts = await collectGifts(hosts, surroundings);
    const closure = new Closure(gifts.tokens);
    for (const target of classes) closure.addClass(target, [target]);
    for (const { provider, host } of gifts.providers.values()) closure.addProvider(provider, host);
    const more = [...closure.classes].filter(
      (target) => hostOptionsOf(target) && !hosts.has(target),
    );
    if (more.length === 0) return assemble(gifts, closure, surroundings);
    for (const host of more) hosts.add(host);
  }
}

interface Gifts {
  readonly imports: ReadonlySet<ModuleImport>;
  readonly providers: ReadonlyMap<
    unknown,
    { readonly provider: Provider; readonly host: Function }
  >;
  readonly tokens: ReadonlySet<unknown>;
  readonly conflicts: readonly PlanProblem[];
}

async function collectGifts(
  hosts: ReadonlySet<Function>,
  { coreTokens, inertProviders }: WorkerSurroundings,
): Promise<Gifts> {
  const imports = new Set<ModuleImport>();
  const providers = new Map<unknown, { provider: Provider; host: Function }>();
  const conflicts: PlanProblem[] = [];
  for (const host of hosts) {
    const options = hostOptionsOf(host) ?? {};
    for (const module of options.imports ?? []) imports.add(module);
    for (const provider of options.providers ?? []) {
      const token = tokenOf(provider);
      const other = providers.get(token);
      if (other === undefined) providers.set(token, { provider, host });
      else if (!isSameProvider(provider, other.provider)) {
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
  gifts: Gifts,
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
