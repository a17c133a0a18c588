import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadsPlainly } from '../../src/pool/thread.factory.js';

const { execArgv: ownExecArgv } = process;

beforeEach(() => {
  process.execArgv = [];
  vi.stubEnv('NODE_OPTIONS', undefined);
});

afterEach(() => {
  process.execArgv = ownExecArgv;
  vi.unstubAllEnvs();
});

describe('modules are loaded by Node alone', () => {
  it.each([
    [[], {}],
    [['--no-deprecation', '--max-old-space-size=512', '--enable-source-maps'], {}],
    [[], { NODE_OPTIONS: '--inspect=0  --no-warnings' }],
    [['--require', '/app/node_modules/vitest/suppress-warnings.cjs'], {}],
    [['--title', 'an --import'], {}],
  ])('with %o and %o', (execArgv, env) => {
    expect(loadsPlainly(execArgv, env)).toBe(true);
  });

  it.each([
    [['--import', 'tsx'], {}],
    [['--import=tsx'], {}],
    [['-r', 'ts-node/register'], {}],
    [['--require=./instrumentation.cjs'], {}],
    [['--loader', './loader.mjs'], {}],
    [['--conditions', 'development'], {}],
    [['-C', 'development'], {}],
    [['--preserve-symlinks'], {}],
    [[], { NODE_OPTIONS: '--no-warnings --import tsx' }],
    [[], { NODE_OPTIONS: '--experimental-loader=./loader.mjs' }],
  ])('not with %o and %o', (execArgv, env) => {
    expect(loadsPlainly(execArgv, env)).toBe(false);
  });

  it('where workers find modules as the application does', () => {
    process.execArgv = ['--conditions', 'development'];
    expect(loadsPlainly(undefined, {})).toBe(true);
    expect(loadsPlainly([], {})).toBe(false);
  });

  it('not where the application has hooks that its workers get, whatever their environment', () => {
    vi.stubEnv('NODE_OPTIONS', '--import tsx');
    expect(loadsPlainly(undefined, {})).toBe(false);
    expect(loadsPlainly([], {})).toBe(true);
  });

  it('not where the environment of the workers has them find others', () => {
    expect(loadsPlainly(undefined, { NODE_OPTIONS: '--conditions=development' })).toBe(false);
    vi.stubEnv('NODE_OPTIONS', '--conditions=development');
    expect(loadsPlainly(undefined, { NODE_OPTIONS: '--conditions=development' })).toBe(true);
  });
});
