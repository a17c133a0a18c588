import { Scope } from '@nestjs/common';
import type { HandlerDefinition } from '../registry/handler.js';
import type { HandlerHost } from './handler-host.js';

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
