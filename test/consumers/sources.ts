import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Files } from './workspace.js';

const SOURCES = fileURLToPath(new URL('sources/', import.meta.url));

/** How an application's sources differ from those of an ESM application on Express. */
export interface Dialect {
  readonly system?: 'ESM' | 'CommonJS';
  /** What stands at the end of main.ts: an awaited or a floating call of `bootstrap()`. */
  readonly boot?: 'awaited' | 'floating';
  readonly platform?: 'express' | 'fastify';
  /** How a class says what it is injected with: esbuild, and so tsx, does not emit the types. */
  readonly injection?: 'types' | 'tokens';
}

/** The sources of the application, by path below its `src`. */
export function appSources({ boot = 'awaited', platform = 'express', ...dialect }: Dialect): Files {
  const { 'adapter.fastify.ts': fastify = '', ...files } = read('app/src');
  const main = files['main.ts'] ?? '';
  return inDialect(dialect, {
    ...files,
    ...(platform === 'fastify' && { 'adapter.ts': fastify }),
    'main.ts': booted(main, boot),
  });
}

function booted(main: string, boot: Dialect['boot']): string {
  return boot === 'awaited' ? main : main.replace('\nawait bootstrap', '\nvoid bootstrap');
}

/** The sources of the application with many packages of the field, by path below its folder. */
export function billingSources({ boot = 'awaited', ...dialect }: Dialect): Files {
  const { 'main.ts': main = '', ...files } = read('billing/src');
  const sources = inDialect(dialect, { ...files, 'main.ts': booted(main, boot) });
  return { ...placedIn('src', sources), ...placedIn('i18n', read('billing/i18n', '.json')) };
}

/** The sources of the workspace package with handlers. */
export function geometrySources(dialect: Pick<Dialect, 'system'>): Files {
  return inDialect(dialect, read('geometry'));
}

/** A test suite that a user of the library writes, as `handlers.spec.ts`. */
export function suiteSources(runner: 'vitest' | 'jest', dialect: Dialect): Files {
  const { 'handlers.suite.ts': suite = '' } = read('app/test');
  const imports = { vitest: "'vitest'", jest: "'@jest/globals'" };
  return inDialect(dialect, {
    'handlers.spec.ts': suite.replace(imports.vitest, imports[runner]),
  });
}

/** The files below the folder. */
export function placedIn(folder: string, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]),
  );
}

/** The line of a source that holds the text, counted from 1. */
export function lineOf(file: keyof Files, text: string): number {
  const lines = (read('app/src')[file] ?? '').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

function read(folder: string, extension = '.ts'): Files {
  const root = join(SOURCES, folder);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith(extension))
      .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(root, name), 'utf8')]),
  );
}

function inDialect({ system, injection }: Dialect, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      withInjection(injection, withImports(system, text)),
    ]),
  );
}

/** CommonJS sources have no extensions in their imports: their bundlers do not resolve them. */
function withImports(system: Dialect['system'], text: string): string {
  return system === 'CommonJS' ? text.replaceAll(/(from '\..*?)(\/index)?\.js'/g, "$1'") : text;
}

function withInjection(injection: Dialect['injection'], text: string): string {
  const withTokens = text.replaceAll(/private readonly \w+: ([A-Z]\w+)/g, '@Inject($1) $&');
  if (injection !== 'tokens' || withTokens === text) {
    return text;
  }
  // On the first line, so that every other one keeps its number.
  return `import { Inject } from '@nestjs/common'; ${withTokens}`;
}
