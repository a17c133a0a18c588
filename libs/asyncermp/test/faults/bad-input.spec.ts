import { TaskSerializationError, transfer } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { FaultService } from '../.fixtures/fault.service.js';
import { shareApplication } from '../support/application.js';
import { rejectionOf } from '../support/outcomes.js';

const shared = shareApplication({ options: 1, providers: [FaultService] });

/** Expects that the call is refused, and that no task, no counter and no worker is affected. */
async function expectRefused(value: unknown, path: string, options = {}): Promise<void> {
  const { mp, get } = shared();
  const thread = await get(FaultService).thread();
  const before = mp.stats();
  const error = await rejectionOf(mp.run(FaultService, 'echo', [value], options));
  expect(error).toBeInstanceOf(TaskSerializationError);
  expect(error).toMatchObject({ path, handler: 'FaultService.echo' });
  expect(mp.stats()).toEqual(before);
  expect(await get(FaultService).thread()).toBe(thread);
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

describe('an argument that cannot be cloned is refused at the call, and named by its path', () => {
  for (const [what, path, make] of [
    ['a function', 'args[0].user.save', () => ({ user: { save: () => {} } })],
    ['a symbol', 'args[0][1]', () => [1, Symbol('s')]],
    ['a promise', 'args[0].later', () => ({ later: Promise.resolve() })],
    ['a WeakMap', 'args[0]', () => new WeakMap()],
    ['a view of a detached buffer', 'args[0].bytes', () => ({ bytes: detached() })],
    ['a detached buffer', 'args[0]', () => detached().buffer],
    [
      'what a getter throws',
      'args[0].rows[0].size',
      () => ({
        rows: [
          {
            get size() {
              throw new Error('of the getter');
            },
          },
        ],
      }),
    ],
  ] as const) {
    it(what, () => expectRefused(make(), path));
  }

  it('also inside a Map and a Set', async () => {
    await expectRefused(new Map([['key', () => {}]]), 'args[0].get("key")');
    await expectRefused(new Set([() => {}]), '[...args[0]][0]');
  });

  it('except in an error, which arrives with the text of what cannot be cloned', async () => {
    const error = new Error('e', { cause: function retry() {} });
    await expect(shared().mp.run(FaultService, 'echo', [error])).resolves.toMatchObject({
      message: 'e',
      cause: '[Function: retry]',
    });
  });
});

describe('a result or progress that cannot be cloned', () => {
  for (const [method, path] of [
    ['returnFunction', 'result.deep[0]'],
    ['returnThrowingGetter', 'result.rows[0].size'],
    ['returnDetached', 'result.bytes'],
  ] as const) {
    it(`fails its task with an error that names the path (${path}), and costs no worker`, async () => {
      const { get, mp } = shared();
      const thread = await get(FaultService).thread();
      const error = await rejectionOf(mp.run(FaultService, method, []));
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(error).toMatchObject({ path });
      expect(await get(FaultService).thread()).toBe(thread);
    });
  }

  it('fails its task as progress, even among reports that are held back', async () => {
    const { get, mp } = shared();
    const thread = await get(FaultService).thread();
    for (const before of [0, 200]) {
      const error = await rejectionOf(mp.run(FaultService, 'reportUncloneable', [before]));
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(error).toMatchObject({ path: 'progress.callback' });
    }
    expect(await get(FaultService).thread()).toBe(thread);
  });
});

describe('an argument that becomes uncloneable while its task waits', () => {
  for (const [what, path, spoil] of [
    [
      'a function that was put in',
      'args[0].data',
      (value: { data: unknown }) => {
        value.data = () => {};
      },
    ],
    [
      'a buffer that was transferred elsewhere',
      'args[0].data',
      ({ data }: { data: unknown }) => {
        const { buffer } = data as Uint8Array<ArrayBuffer>;
        structuredClone(buffer, { transfer: [buffer] });
      },
    ],
  ] as const) {
    it(`fails its own task (${what}), and no other`, async () => {
      const { mp, get } = shared();
      const thread = await get(FaultService).thread();
      const value: { data: unknown } = { data: new Uint8Array([1]) };
      await mp.pause();
      const before = mp.run(FaultService, 'echo', ['before']);
      const spoiled = rejectionOf(mp.run(FaultService, 'echo', [value]));
      const after = Array.from({ length: 5 }, () => mp.run(FaultService, 'echo', ['after']));
      spoil(value);
      await mp.resume();
      expect(await spoiled).toMatchObject({ code: 'ASYNCERMP_SERIALIZATION', path });
      await expect(before).resolves.toBe('before');
      await Promise.all(after);
      expect(await get(FaultService).thread()).toBe(thread);
    });
  }
});

describe('transferred memory', () => {
  it('is refused if it was transferred before', async () => {
    const { mp } = shared();
    const bytes = new Uint8Array([1, 2, 3]);
    await mp.run(FaultService, 'handBack', [transfer(bytes)]);
    expect(bytes.byteLength).toBe(0);
    await expectRefused(bytes, 'args[0]');
    expect(() => transfer(bytes)).toThrow('detached');
  });

  it('is moved, and not copied, among many short tasks, too', async () => {
    const { mp, get } = shared();
    for (let run = 0; run < 50; run++) {
      await get(FaultService).thread();
    }
    await mp.pause();
    const bytes = new Uint8Array([1, 2, 3]);
    const back = mp.run(FaultService, 'handBack', [transfer(bytes)]);
    const others = Array.from({ length: 10 }, () => get(FaultService).thread());
    await mp.resume();
    expect(bytes.byteLength).toBe(0);
    await expect(back).resolves.toEqual(new Uint8Array([1, 2, 3]));
    await Promise.all(others);
  });
});

describe('unusual values that can be cloned arrive unchanged', () => {
  it('circular structures', async () => {
    const { get } = shared();
    const value: { self?: unknown; list: unknown[] } = { list: [] };
    value.self = value;
    value.list.push(value);
    const echo = (await get(FaultService).echo(value)) as typeof value;
    expect(echo.self).toBe(echo);
    expect(echo.list[0]).toBe(echo);
  });

  it('a string of 32 million characters', async () => {
    const { get } = shared();
    const echo = await get(FaultService).echo('x'.repeat(32_000_000));
    expect((echo as string).length).toBe(32_000_000);
  });

  it('undefined, holes, -0, NaN, big integers and dates', async () => {
    const { get } = shared();
    // eslint-disable-next-line no-sparse-arrays
    const value = [undefined, , -0, NaN, 2n ** 70n, new Date(0), new Map([[1, new Set([2])]])];
    await expect(get(FaultService).echo(value)).resolves.toEqual(value);
  });
});
