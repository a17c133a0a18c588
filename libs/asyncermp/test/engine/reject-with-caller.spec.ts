import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinCallerFrames, rejectWithCaller } from '../../src/engine/settle.js';
import { decodeError, encodeError } from '../../src/protocol/error-codec.js';

// vitest writes stacks without the word `async`, so it is optional here.
class ImagesController {
  readonly #run: () => Promise<unknown>;

  constructor(run: () => Promise<unknown>) {
    this.#run = run;
  }

  async create(): Promise<unknown> {
    return await this.#run();
  }
}

function deferred(): { promise: Promise<unknown>; reject: (make: () => unknown) => void } {
  let resolve: (outcome: Promise<never>) => void = () => {};
  const promise = new Promise<unknown>((settle) => {
    resolve = settle;
  });
  return { promise, reject: (make) => rejectWithCaller(resolve, make) };
}

function joined(error: Error): Error {
  joinCallerFrames(error);
  return error;
}

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was not rejected');
}

describe('rejectWithCaller', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
  });

  it('adds the frames of all async functions that await the promise', async () => {
    const { promise, reject } = deferred();
    const outcome = rejectionOf(new ImagesController(() => promise).create());
    setImmediate(() => reject(() => new Error('late')));
    expect((await outcome).stack).toMatch(
      /at (async )?ImagesController\.create .*\n\s+at (async )?rejectionOf /,
    );
  });

  it("joins the worker's stack with the caller's", async () => {
    const encoded = encodeError(new TypeError('in the worker'));
    const { promise, reject } = deferred();
    const outcome = rejectionOf(new ImagesController(() => promise).create());
    setImmediate(() => reject(() => joined(decodeError(encoded) as Error)));
    const { stack = '' } = await outcome;
    expect(stack).toMatch(/^TypeError: in the worker\n/);
    expect(stack).toMatch(/at (async )?ImagesController\.create /);
    expect(stack).not.toMatch(/src\/engine/);
  });

  it('adds the same frames from the built files in plain Node', async () => {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       async function load(name) { return await import(new URL(name, workerData)); }
       async function settle() {
         const { joinCallerFrames, rejectWithCaller } = await load('settle.js');
         const make = () => {
           const error = new Error('late');
           error.stack = 'Error: late';
           joinCallerFrames(error);
           return error;
         };
         let resolve;
         const promise = new Promise((settled) => { resolve = settled; });
         setImmediate(() => rejectWithCaller(resolve, make));
         return await promise;
       }
       async function create() { return await settle(); }
       create().catch(({ stack }) => parentPort.postMessage(stack));`,
      { eval: true, workerData: new URL('../../dist/engine/', import.meta.url).href },
    );
    const frames = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    await worker.terminate();
    expect(frames).toMatch(
      /^Error: late\n {4}at make .*\n {4}at async settle .*\n {4}at async create [^\n]*$/,
    );
  });

  it('respects Error.stackTraceLimit, and does not change it', async () => {
    const limit = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 1;
      const { promise, reject } = deferred();
      const outcome = rejectionOf(new ImagesController(() => promise).create());
      const bare = Object.assign(new Error('late'), { stack: 'Error: late' });
      setImmediate(() => {
        reject(() => {
          joinCallerFrames(bare);
          return bare;
        });
      });
      expect((await outcome).stack).toMatch(/^Error: late\n\s+at [^\n]*$/);
      expect(Error.stackTraceLimit).toBe(1);
      Error.stackTraceLimit = 0;
      expect(joined(Object.assign(new Error('x'), { stack: 'Error: x' })).stack).toBe('Error: x');
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  it('rejects with a value that is no error', async () => {
    const { promise, reject } = deferred();
    reject(() => null);
    await expect(promise).rejects.toBe(null);
  });

  it('causes no unhandled rejection if the promise is awaited', async () => {
    const { promise, reject } = deferred();
    const outcome = rejectionOf(promise);
    reject(() => new Error('late'));
    await outcome;
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('causes one unhandled rejection, not two, if the promise is not awaited', async () => {
    const { reject } = deferred();
    const error = new Error('not awaited');
    const seen = new Promise((resolve) => process.once('unhandledRejection', resolve));
    reject(() => error);
    await seen;
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([error]);
  });
});
