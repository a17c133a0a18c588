import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FromWorker, type ImageMemory } from '../../dist/protocol/envelope.js';
import { threadImage, type ThreadImage } from '../../dist/pool/channels/worker-image.js';
import { entryFile } from '../../dist/worker/entry-file.js';
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

  it('has one copy of every module, however a handler imports or requires it', async () => {
    for (const preload of [true, false]) {
      const same = await (await preloadService({ preload })).sameCopies();
      expect(Object.entries(same).filter(([, isSame]) => !isSame)).toEqual([]);
    }
  });

  it.each(['getNothing', 'throwInRxjs'] as const)(
    'reports the frames of an error by the files that are installed: %s',
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

  it('that cannot run an image loads file by file, and so do all after it', async () => {
    const made = threadImage(entryFile() ?? '');
    const damaged = { ...(made.copy() as ImageMemory), script: new ArrayBuffer(8) };
    const prototype = Object.getPrototypeOf(made) as ThreadImage;
    vi.spyOn(prototype, 'copy').mockReturnValueOnce(damaged);
    const drop = vi.spyOn(prototype, 'drop');
    const logger = new RecordingLogger();
    const service = await preloadService({ logger, maxTasksPerWorker: 1 });
    expect([await service.isPreloaded(), await service.isPreloaded()]).toEqual([false, false]);
    expect(drop).toHaveBeenCalledTimes(1);
    expect(logger.with('the option preload')).toHaveLength(1);
  });
});

describe('the code cache of the image', () => {
  it('is made by the second worker, and used by those after it', async () => {
    const prototype = Object.getPrototypeOf(threadImage(entryFile() ?? '')) as ThreadImage;
    const copy = vi.spyOn(prototype, 'copy');
    const service = await preloadService({ maxTasksPerWorker: 1 });
    while (copy.mock.calls.length < 4) {
      await service.isPreloaded();
    }
    const made = copy.mock.results.map(
      ({ value }) => (value as ImageMemory).codeCache !== undefined,
    );
    expect(made.slice(0, 3)).toEqual([false, false, true]);
  });

  it('is never what a handler sends in its place', async () => {
    const prototype = Object.getPrototypeOf(threadImage(entryFile() ?? '')) as ThreadImage;
    const keep = vi.spyOn(prototype, 'keep');
    const copy = vi.spyOn(prototype, 'copy');
    const service = await preloadService({ maxTasksPerWorker: 1 });
    while (copy.mock.calls.length < 4) {
      expect(await service.forgeCodeCache(FromWorker.CodeCache, 64)).toBeGreaterThan(0);
    }
    const kept = keep.mock.calls.map(([codeCache]) => codeCache?.byteLength);
    expect(kept).toEqual([expect.any(Number)]);
    expect(kept[0]).toBeGreaterThan(100_000);
  });
});

/** The position of a frame; its function has another name where a module is a function. */
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
