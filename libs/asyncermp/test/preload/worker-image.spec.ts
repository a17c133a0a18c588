import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as WorkerImages from '../../dist/pool/channels/worker-image.js';
import { WorkerImage } from '../../dist/pool/channels/worker-image.js';
import { ImageStore } from '../../dist/preload/image-store.js';
import { entryFile } from '../../dist/worker/entry-file.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { startApplication } from '../support/application.js';

const entry = entryFile() ?? '';
let copies = 0;

/** As in another process: a process has one image. */
async function imageOfNewProcess(storage: WorkerImages.ImageStorage): Promise<WorkerImage> {
  const copy = new URL(`../../dist/pool/channels/worker-image.js?${++copies}`, import.meta.url);
  const { WorkerImage: Copy } = (await import(/* @vite-ignore */ copy.href)) as typeof WorkerImages;
  return Copy.of(entry, storage);
}

const read = vi.spyOn(ImageStore.prototype, 'read');
const write = vi.spyOn(ImageStore.prototype, 'write');

beforeEach(() => {
  read.mockReset().mockReturnValue(undefined);
  write.mockReset().mockReturnValue(undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the image of a process', () => {
  it('is read where an earlier process has left it, with what V8 made of it', async () => {
    const left = {
      ...(await imageOfNewProcess('memory')).image,
      codeCache: new SharedArrayBuffer(1),
    };
    read.mockReturnValue(left as ReturnType<ImageStore['read']>);
    expect((await imageOfNewProcess('disk')).image).toBe(left);
  });

  it('is made where none was left, and left for the next one when V8 has compiled it', async () => {
    const made = await imageOfNewProcess('disk');
    expect(made.image?.codeCache).toBeUndefined();
    expect(write).not.toHaveBeenCalled();
    const codeCache = new SharedArrayBuffer(1);
    made.keep(codeCache);
    expect(made.image?.codeCache).toBe(codeCache);
    expect(write.mock.calls).toEqual([[made.image]]);
  });

  it('is neither read nor left in memory only', async () => {
    const made = await imageOfNewProcess('memory');
    made.keep(new SharedArrayBuffer(1));
    expect(made.image?.codeCache).toBeDefined();
    expect(read).not.toHaveBeenCalled();
    expect(write).not.toHaveBeenCalled();
  });

  it('is given up for good', async () => {
    const made = await imageOfNewProcess('memory');
    made.drop();
    made.keep(new SharedArrayBuffer(1));
    expect(made.image).toBeUndefined();
  });
});

describe('preload', () => {
  it.each<[boolean | 'memory', string | undefined, WorkerImages.ImageStorage]>([
    [true, undefined, 'disk'],
    [true, '1', 'memory'],
    ['memory', undefined, 'memory'],
  ])(
    '%s, with NODE_DISABLE_COMPILE_CACHE=%s, is storage in %s',
    async (preload, disabled, storage) => {
      vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', disabled);
      const of = vi.spyOn(WorkerImage, 'of');
      await startApplication({ options: { maxProcesses: 1, preload }, providers: [FaultService] });
      expect(of.mock.calls).toEqual([[entry, storage]]);
      of.mockRestore();
    },
  );
});
