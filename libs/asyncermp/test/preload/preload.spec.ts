import { shared } from '../../src/preload/module-image.js';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WorkerImage } from '../../dist/pool/channels/worker-image.js';
import { PreloadService } from '../.fixtures/preload/preload.service.js';
import { startApplication, type ApplicationParts } from '../support/application.js';
import { RecordingLogger } from '../support/recording-logger.js';

type Options = Exclude<ApplicationParts['options'], number | undefined>;

async function preloadService(options: Options): Promise<PreloadService> {
  const { get } = await startApplication({
    options: { maxProcesses: 1, ...options },
    providers: [PreloadService],
  });
  return get(PreloadService);
}

async function stackOf(task: Promise<unknown>): Promise<string[]> {
  const error = await task.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown as Error,
  );
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('preload.spec.ts'));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a worker', () => {
  it.each([{}, { preload: true }, { preload: 'memory' as const }])(
    'runs Nest and this library from an image with %o',
    async (options) => {
      expect(await (await preloadService(options)).isPreloaded()).toBe(true);
    },
  );

  it.each([
    { preload: false },
    { execArgv: ['--require', fileURLToPath(new URL('required.cjs', import.meta.url))] },
    {
      env: { NODE_OPTIONS: '--conditions=development' },
      execArgv: ['--conditions', 'development'],
    },
  ])('loads file by file with %o', async (options) => {
    expect(await (await preloadService(options)).isPreloaded()).toBe(false);
  });

  it('has one copy of every module, whatever way a handler takes to it', async () => {
    for (const preload of [true, false]) {
      const same = await (await preloadService({ preload })).sameCopies();
      expect(Object.entries(same).filter(([, isSame]) => !isSame)).toEqual([]);
    }
  });

  it.each(['getNothing', 'throwInRxjs'] as const)(
    'tells the frames of an error by the files that are installed: %s',
    async (method) => {
      const frames = await stackOf((await preloadService({ preload: true }))[method]());
      const plain = await stackOf((await preloadService({ preload: false }))[method]());
      expect(plain.some((frame) => frame.includes('node_modules'))).toBe(true);
      expect(frames.map(position)).toEqual(plain.map(position));
      for (const frame of frames.filter(isOfFile)) {
        expect(existsSync(fileOf(frame)), frame).toBe(true);
      }
    },
  );

  it('that cannot run an image does without, and so do all after it', async () => {
    let image: object | undefined = {
      script: new SharedArrayBuffer(8),
      index: shared(Buffer.from('{"modules":[]}')),
      codeCache: undefined,
    };
    vi.spyOn(WorkerImage.prototype, 'image', 'get').mockImplementation(() => image as never);
    const drop = vi.spyOn(WorkerImage.prototype, 'drop').mockImplementation(() => {
      image = undefined;
    });
    const logger = new RecordingLogger();
    const service = await preloadService({ logger });
    expect(await service.isPreloaded()).toBe(false);
    expect(drop).toHaveBeenCalledTimes(1);
    expect(logger.with('the option preload')).toHaveLength(1);
  });
});

/** Where a frame lies; how it is called differs where a module is a function. */
function position(frame: string): string {
  return /\(?((?:file:|\/).*?)\)?$/.exec(frame)?.[1]?.replace('file://', '') ?? frame;
}

/** Not of Node's own. */
function isOfFile(frame: string): boolean {
  return position(frame).startsWith('/');
}

function fileOf(frame: string): string {
  return position(frame).replace(/:\d+:\d+$/, '');
}
