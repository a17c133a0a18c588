import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { definingFile } from '../../src/injection/call-site.js';
import { handlersOf } from '../../src/injection/handler-registry.js';
import { ComposedService } from '../.fixtures/handlers/composed.service.js';

const CALL_SITE = new URL('../../dist/injection/call-site.js', import.meta.url);
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'asyncermp-call-site-')));

/** Writes the files, and runs the first one. Returns its output. */
function runFiles(files: Record<string, string>, ...flags: string[]): string {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text);
  }
  const [entry = ''] = Object.keys(files);
  return execFileSync(process.execPath, [...flags, join(directory, entry)], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  }).trim();
}

afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('the file that defines a class', () => {
  it('is that of the class, even if a helper of another file applies the decorator', () => {
    expect(handlersOf(ComposedService)[0]).toMatchObject({
      file: new URL('../.fixtures/handlers/composed.service.js', import.meta.url).href,
      options: { priority: 5 },
    });
  });

  it('is that of the module in a chain of require()', () => {
    const printed = runFiles({
      'parent.cjs': "Error.stackTraceLimit = 1; require('./child.cjs');",
      'child.cjs': "const { apply } = require('./helper.cjs'); class A { static { apply(); } }",
      'helper.cjs': `exports.apply = () => { console.log(require(${JSON.stringify(fileURLToPath(CALL_SITE))}).definingFile()); };`,
    });
    expect(printed).toBe(join(directory, 'child.cjs'));
  });

  it('is that of a module that is imported late, after a top-level await', () => {
    const printed = runFiles({
      'parent.mjs': "await null; await import('./child.mjs');",
      'child.mjs': `import './slow.mjs'; import { definingFile } from '${CALL_SITE.href}'; console.log(definingFile());`,
      'slow.mjs': 'await new Promise((resolve) => setImmediate(resolve));',
    });
    expect(printed).toBe(pathToFileURL(join(directory, 'child.mjs')).href);
  });

  it('is the bundle if library, helpers and classes share one file', () => {
    const printed = runFiles({
      'bundle.cjs': `
        const modules = {
          library: (exports) => { exports.apply = () => require(${JSON.stringify(fileURLToPath(CALL_SITE))}).definingFile(); },
          service: (exports, load) => { class A { static { console.log(load('library').apply()); } } },
        };
        const load = (name) => { const exports = {}; modules[name](exports, load); return exports; };
        (() => load('service'))();`,
    });
    expect(printed).toBe(join(directory, 'bundle.cjs'));
  });

  it('is the JavaScript file under --enable-source-maps', () => {
    const fixture = new URL('../.fixtures/handlers/composed.service.js', import.meta.url).href;
    const registry = new URL('../../dist/injection/handler-registry.js', import.meta.url).href;
    const printed = runFiles(
      {
        'mapped.mjs': `
          import { ComposedService } from '${fixture}';
          import { handlersOf } from '${registry}';
          console.log(handlersOf(ComposedService)[0].file);`,
      },
      '--enable-source-maps',
    );
    expect(printed).toBe(fixture);
  });

  it('is unknown in code that was evaluated from a string', () => {
    const script = `import(${JSON.stringify(CALL_SITE.href)}).then((m) => console.log(m.definingFile()))`;
    const printed = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(printed.trim()).toBe('undefined');
  });

  it('is found without changing Error.prepareStackTrace and Error.stackTraceLimit', () => {
    const prepare = (): string => 'prepared';
    const before = [Reflect.get(Error, 'prepareStackTrace'), Error.stackTraceLimit] as const;
    Error.prepareStackTrace = prepare;
    Error.stackTraceLimit = 7;
    definingFile();
    expect([Reflect.get(Error, 'prepareStackTrace'), Error.stackTraceLimit]).toEqual([prepare, 7]);
    Reflect.set(Error, 'prepareStackTrace', before[0]);
    Error.stackTraceLimit = before[1];
    expect(new Error('still text').stack).toEqual(expect.any(String));
  });
});
