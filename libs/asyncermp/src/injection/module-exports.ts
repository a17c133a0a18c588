import type { DynamicModule, Type } from '@nestjs/common';
import { isForwardReference } from './class-dependencies.js';

/**
 * The tokens that a module can inject when it imports these modules: what they export and re-export, and
 * what the global modules among their own imports export.
 *
 * @param imports - As in a module's `imports`: classes, dynamic modules, promises of these, `forwardRef()`.
 */
export async function exportedTokens(imports: Iterable<unknown>): Promise<Set<unknown>> {
  const reader = new ExportReader();
  const tokens = new Set<unknown>();
  for (const imported of imports) {
    const definition = await definitionOf(imported);
    if (definition === undefined) {
      continue;
    }
    addAll(tokens, await reader.exportsOf(definition));
    addAll(tokens, await reader.globalsUnder(definition));
  }
  return tokens;
}

interface ModuleDefinition {
  readonly type: Type<unknown>;
  readonly dynamic?: DynamicModule;
}

class ExportReader {
  /** An entry is added before it is computed, so that modules which import each other do not recurse. */
  readonly #exports = new Map<unknown, Set<unknown>>();
  readonly #visited = new Set<unknown>();

  async exportsOf(definition: ModuleDefinition): Promise<Set<unknown>> {
    const identity = definition.dynamic ?? definition.type;
    const known = this.#exports.get(identity);
    if (known !== undefined) {
      return known;
    }
    const tokens = new Set<unknown>();
    this.#exports.set(identity, tokens);
    const imports = await importsOf(definition);
    for (const exported of listOf(definition, 'exports')) {
      const item: unknown = isForwardReference(exported) ? exported.forwardRef() : exported;
      if (isCustomProvider(item)) {
        tokens.add(item.provide);
        continue;
      }
      const type = isDynamicModule(item) ? item.module : item;
      const reexported = imports.filter((candidate) => candidate.type === type);
      if (reexported.length === 0) {
        tokens.add(item);
      }
      for (const module of reexported) {
        addAll(tokens, await this.exportsOf(module));
      }
    }
    return tokens;
  }

  async globalsUnder(definition: ModuleDefinition): Promise<Set<unknown>> {
    const tokens = new Set<unknown>();
    const identity = definition.dynamic ?? definition.type;
    if (this.#visited.has(identity)) {
      return tokens;
    }
    this.#visited.add(identity);
    if (isGlobal(definition)) {
      addAll(tokens, await this.exportsOf(definition));
    }
    for (const imported of await importsOf(definition)) {
      addAll(tokens, await this.globalsUnder(imported));
    }
    return tokens;
  }
}

async function definitionOf(imported: unknown): Promise<ModuleDefinition | undefined> {
  const awaited: unknown = await imported;
  const module: unknown = isForwardReference(awaited) ? await awaited.forwardRef() : awaited;
  if (isDynamicModule(module)) {
    return { type: module.module, dynamic: module };
  }
  return typeof module === 'function' ? { type: module as Type<unknown> } : undefined;
}

async function importsOf(definition: ModuleDefinition): Promise<ModuleDefinition[]> {
  const found = await Promise.all(listOf(definition, 'imports').map(definitionOf));
  return found.filter((module) => module !== undefined);
}

function listOf({ type, dynamic }: ModuleDefinition, key: 'imports' | 'exports'): unknown[] {
  const declared = (Reflect.getMetadata(key, type) as unknown[] | undefined) ?? [];
  return [...declared, ...(dynamic?.[key] ?? [])];
}

function isGlobal({ type, dynamic }: ModuleDefinition): boolean {
  return dynamic?.global === true || Reflect.getMetadata('__module:global__', type) === true;
}

function isDynamicModule(value: unknown): value is DynamicModule {
  return typeof value === 'object' && value !== null && 'module' in value;
}

function isCustomProvider(value: unknown): value is { provide: unknown } {
  return typeof value === 'object' && value !== null && 'provide' in value;
}

function addAll(into: Set<unknown>, from: Iterable<unknown>): void {
  for (const item of from) {
    into.add(item);
  }
}
