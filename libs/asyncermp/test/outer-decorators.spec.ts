import { EventEmitter2 } from '@nestjs/event-emitter';
import { ConfigurationError, TaskEvent, type TaskCompletedEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { WrappedService, WrappedSubclassService } from './.fixtures/wrapped.service.js';
import { startApplication } from './support/application.js';
import { rejectionOf, thrownBy } from './support/outcomes.js';

async function start() {
  const application = await startApplication({
    options: { maxProcesses: 1 },
    providers: [WrappedService, WrappedSubclassService],
  });
  const uids: string[] = [];
  application
    .get(EventEmitter2)
    .on(TaskEvent.Completed, ({ uid }: TaskCompletedEvent) => void uids.push(uid));
  return { ...application, uids };
}

describe('decorators above @CpuTask()', () => {
  it.each([WrappedService, WrappedSubclassService])(
    'wrap run() as they wrap a call of the method: %o',
    async (Service) => {
      const { mp, get, uids } = await start();
      expect(await rejectionOf(get(Service).root(-1))).toBeInstanceOf(RangeError);
      expect(await rejectionOf(mp.run(Service, 'root', [-1]))).toBeInstanceOf(RangeError);
      expect(await rejectionOf(mp.run(`${Service.name}.root`, [-1]))).toBeInstanceOf(RangeError);
      expect(mp.stats().accepted).toBe(0);
      await expect(mp.run(Service, 'root', [9], { uid: 'mine' })).resolves.toBe(3);
      expect(uids).toEqual(['mine']);
    },
  );

  it('run in the application, and those below it in the worker', async () => {
    const { mp } = await start();
    await expect(mp.run('above', [7])).resolves.toEqual({ result: 7, isMain: true });
    await expect(mp.run(WrappedService, 'below', [7])).resolves.toEqual({
      result: 7,
      isMain: false,
    });
  });

  it('may call the method more than once, or not at all; each task gets the options of run()', async () => {
    const { mp, uids } = await start();
    await expect(mp.run(WrappedService, 'twice', [1], { uid: 'again' })).resolves.toEqual([1, 2]);
    expect(uids).toEqual(['again', 'again']);
    await expect(mp.run(WrappedService, 'cached', [1])).resolves.toBe('cached');
    expect(mp.stats().accepted).toBe(2);
  });

  it('leave other calls without the options of run()', async () => {
    const { mp, get, uids } = await start();
    await Promise.all([
      mp.run(WrappedService, 'root', [9], { uid: 'mine' }),
      get(WrappedService).root(16),
      get(WrappedService).marked(1),
    ]);
    expect(uids.filter((uid) => uid === 'mine')).toHaveLength(1);
  });

  it('are never skipped: submit() and map() refuse, and say what to do', async () => {
    const { mp } = await start();
    const error = await rejectionOf(mp.submit(WrappedService, 'root', [9]));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      handler: 'WrappedService.root',
      message: expect.stringMatching(/decorators above @CpuTask.*submit\(\).*Use run\(\)/),
    });
    const refused = thrownBy(() => mp.map(WrappedService, 'root', [[9]]));
    expect(refused).toMatchObject({ message: expect.stringContaining('map()') });
    expect(mp.stats().accepted).toBe(0);
  });

  it('that do not wrap the method change nothing', async () => {
    const { mp } = await start();
    const task = await mp.submit(WrappedService, 'marked', [7]);
    await expect(task.result).resolves.toBe(7);
  });
});
