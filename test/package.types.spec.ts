import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilerOptions } from './support/compiler-options.js';
import { Consumer } from './support/consumer.js';
import { packedTarball, repository } from './support/tarball.js';

/** Uses types of all entries in a way that does not compile where they are not found. */
const APPLICATION = `
  import { AsyncerMpModule, AsyncerMpService, CpuTask } from 'nestjs-asyncermp';
  import { clsContext } from 'nestjs-asyncermp/cls';
  import { AsyncerMpTestingModule } from 'nestjs-asyncermp/testing';

  export class Calc {
    @CpuTask()
    async square(n: number): Promise<number> {
      return n * n;
    }
  }
  export const modules = [
    AsyncerMpModule.forRoot({ context: [clsContext({ omit: ['connection'] })] }),
    AsyncerMpTestingModule.forRoot(1),
  ];
  export const nine = (mp: AsyncerMpService): Promise<number> => mp.run(Calc, 'square', [3]);
  // @ts-expect-error the argument is a number
  export const nothing = (mp: AsyncerMpService) => mp.run(Calc, 'square', ['3']);
`;

const systems: readonly [string, 'commonjs' | 'module', object][] = [
  ['CommonJS, as the Nest CLI sets it', 'commonjs', { module: 'nodenext' }],
  ['CommonJS, with module node20', 'commonjs', { module: 'node20' }],
  [
    'CommonJS, resolved without exports',
    'commonjs',
    { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  ],
  ['CommonJS, for a bundler', 'commonjs', { module: 'commonjs', moduleResolution: 'bundler' }],
  ['ESM, as the Nest CLI sets it', 'module', { module: 'nodenext' }],
  ['ESM, with module node16', 'module', { module: 'node16', moduleResolution: 'node16' }],
  ['ESM, for a bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
];

describe('the types of the packed package', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.create({ manifest: {} });
  });

  afterAll(() => (consumer as Consumer | undefined)?.remove());

  it.each(systems)('are found in %s', async (_, type, options) => {
    consumer.write({
      'package.json': JSON.stringify({ name: 'app', private: true, type }),
      'src/app.ts': APPLICATION,
      'tsconfig.json': JSON.stringify({
        // What `module` implies, unless it is given.
        compilerOptions: { ...compilerOptions, moduleResolution: undefined, ...options },
        include: ['src'],
      }),
    });
    await expect(consumer.tsc()).resolves.toBeUndefined();
  });

  it('pass the checks of attw', async () => {
    const attw = join(repository, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    await consumer.node(
      attw,
      packedTarball(),
      '--no-definitely-typed',
      // This rule reports require() of an ES module, which works in all versions of Node that the package
      // supports: test/package.spec.ts does it.
      '--ignore-rules',
      'cjs-resolves-to-esm',
    );
  });

  it('pass the checks of publint, as does package.json', async () => {
    const { messages } = await publint({
      pkgDir: consumer.path('node_modules/nestjs-asyncermp'),
      pack: false,
    });
    expect(messages).toEqual([]);
  });
});
