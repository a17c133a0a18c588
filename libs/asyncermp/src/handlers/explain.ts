import type { ModulesContainer } from '@nestjs/core';
import { UnknownHandlerError } from '../contract/errors.js';
import type { HandlerClass } from '../contract/handler-types.js';
import {
  resolvedDependencies,
  type InstanceWrapper,
  type ModuleRecord,
} from '../injection/nest-internals.js';
import { tokenText } from '../injection/plan-problems.js';
import type { ChosenPlan } from './injection.planner.js';

/** What a worker builds for the handlers of a class, and why that way. */
export interface Explanation {
  /**
   * `'application'`: from the application's own module graph. `'handlers'`: from the handlers' classes alone.
   * `'inline'`: handlers run on the application's own instances, so nothing is built.
   */
  readonly injection: 'application' | 'handlers' | 'inline';
  /** Why it is the application's module graph; empty otherwise. */
  readonly reasons: readonly string[];
  /** The class itself, with all that Nest injects into it. */
  readonly provider: ExplainedProvider;
  /** The whole as an indented text. */
  toString(): string;
}

/** A provider that a worker builds. */
export interface ExplainedProvider {
  /** The token, as it is written in code. */
  readonly token: string;
  /** The module that provides it in the application. */
  readonly module: string;
  /** How the module provides it. `'main'`: it stays in the application, and a worker has a stand-in. */
  readonly kind: 'class' | 'factory' | 'value' | 'alias' | 'main';
  /** Whether there is one for each injection, or for each task. */
  readonly scope: 'singleton' | 'transient' | 'request';
  /** What it injects, as Nest resolved it in the application. Empty for one that was shown above. */
  readonly dependencies: readonly ExplainedProvider[];
}

/**
 * @param chosen - The plan of the workers; undefined if there are none.
 * @throws UnknownHandlerError if no module provides the class
 */
export function explain(
  target: HandlerClass<unknown>,
  modules: ModulesContainer,
  chosen: ChosenPlan | undefined,
): Explanation {
  const wrapper = wrapperOf(target, modules);
  if (wrapper === undefined) {
    throw new UnknownHandlerError(target.name, []);
  }
  const injection =
    chosen === undefined ? 'inline' : chosen.plan.root === undefined ? 'handlers' : 'application';
  const provider = explained(wrapper, new Set(), new Set(chosen?.plan.main));
  const reasons = chosen?.reasons ?? [];
  return { injection, reasons, provider, toString: () => textOf(injection, provider) };
}

function wrapperOf(target: Function, modules: ModulesContainer): InstanceWrapper | undefined {
  for (const { providers, controllers } of modules.values() as Iterable<ModuleRecord>) {
    const found = providers.get(target as never) ?? controllers.get(target as never);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function explained(
  wrapper: InstanceWrapper,
  seen: Set<InstanceWrapper>,
  main: ReadonlySet<string>,
): ExplainedProvider {
  const isMain = main.has(tokenText(wrapper.token));
  const dependencies = seen.has(wrapper) || isMain ? [] : resolvedDependencies(wrapper);
  seen.add(wrapper);
  return {
    token: tokenText(wrapper.token),
    module: wrapper.host?.name ?? '',
    kind: isMain ? 'main' : kindOf(wrapper),
    scope: wrapper.isTransient
      ? 'transient'
      : wrapper.isDependencyTreeStatic()
        ? 'singleton'
        : 'request',
    dependencies: dependencies.map((each) => explained(each, seen, main)),
  };
}

function kindOf(wrapper: InstanceWrapper): ExplainedProvider['kind'] {
  if (wrapper.isAlias) {
    return 'alias';
  }
  if (wrapper.isFactory) {
    return 'factory';
  }
  return wrapper.isNotMetatype ? 'value' : 'class';
}

function textOf(injection: string, provider: ExplainedProvider): string {
  return [`built from: ${injection}`, ...linesOf(provider, '')].join('\n');
}

function linesOf(provider: ExplainedProvider, indent: string): string[] {
  const { token, module, kind, scope, dependencies } = provider;
  const notes = [kind, scope === 'singleton' ? [] : scope, `of ${module}`].flat().join(', ');
  return [
    `${indent}${token} (${notes})`,
    ...dependencies.flatMap((each) => linesOf(each, `${indent}  `)),
  ];
}
