import { describe, expect, it } from 'vitest';
import { LentPermits } from '../../src/engine/lent-permits.js';
import type { Task } from '../../src/engine/task.js';
import type { PooledWorker } from '../../src/pool/worker-set.js';

const worker = {} as PooledWorker<Task>;

/** One permit that was lent, as soon as that has happened. `onLent` is what the code of the user does then. */
async function lent(onLent: (permits: LentPermits, task: Task) => void = () => {}) {
  const task = {} as Task;
  const taken: string[] = [];
  let isFree = false;
  const has = await new Promise<LentPermits>((resolve) => {
    const permits = new LentPermits({
      tryLend: () => true,
      lent: () => {
        onLent(permits, task);
        resolve(permits);
      },
      tryTakeBack: () => {
        if (isFree) {
          taken.push('free');
        }
        return isFree;
      },
      takeBack: () => void taken.push('at once'),
    });
    wait = permits.begin(task, worker);
  });
  return { permits: has, task, taken, free: () => (isFree = true) };
}

let wait: ReturnType<LentPermits['begin']>;

describe('a permit that was lent', () => {
  it('is taken back before the answer is delivered', async () => {
    const { permits, taken, free } = await lent();
    const delivered = new Promise<string[]>((resolve) => wait.end(() => resolve([...taken])));
    expect(taken).toEqual([]);
    free();
    permits.serve();
    expect(await delivered).toEqual(['free']);
  });

  it('is taken back at once, and once only, when the attempt ends', async () => {
    const { permits, task, taken } = await lent();
    permits.stop(task);
    permits.stop(task);
    permits.serve();
    expect(taken).toEqual(['at once']);
  });

  it('is taken back by an attempt that ends while the permit is lent', async () => {
    const { taken } = await lent((permits, task) => permits.stop(task));
    expect(taken).toEqual(['at once']);
  });
});
