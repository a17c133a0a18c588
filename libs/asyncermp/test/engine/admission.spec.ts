import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/engine/admission.js';
import type { Task } from '../../src/engine/task.js';

const task = (id: number) => ({ id }) as unknown as Task;

describe('submissions that wait for room', () => {
  it('are admitted first come, first served', async () => {
    const admission = new Admission();
    const [first, second] = [task(1), task(2)];
    const admitted = [admission.wait(first), admission.wait(second)];
    expect(admission.next()).toBe(first);
    expect(admission.next()).toBe(second);
    expect(admission.next()).toBeUndefined();
    expect(await Promise.all(admitted)).toEqual([first, second]);
  });

  it('share one promise if the same task waits twice', () => {
    const admission = new Admission();
    const waiting = task(1);
    expect(admission.wait(waiting)).toBe(admission.wait(waiting));
    expect(admission.size).toBe(1);
  });

  it('reject with the reason when they leave, and are never admitted', async () => {
    const admission = new Admission();
    const [leaving, staying] = [task(1), task(2)];
    const refused = admission.wait(leaving);
    void admission.wait(staying);
    admission.leave(leaving, new RangeError('gone'));
    await expect(refused).rejects.toThrow('gone');
    expect(admission.next()).toBe(staying);
    expect(admission.size).toBe(0);
  });

  it('keep their order through random arrivals, admissions and departures', () => {
    const steps = fc.array(fc.oneof(fc.constant('wait'), fc.constant('next'), fc.nat(200)), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(steps, (given) => {
        const admission = new Admission();
        const naive: Task[] = [];
        let last = 0;
        for (const step of given) {
          if (step === 'wait') {
            const added = task(++last);
            admission.wait(added).catch(() => {});
            naive.push(added);
          } else if (step === 'next') {
            expect(admission.next()).toBe(naive.shift());
          } else {
            const [left] = naive.splice(step, 1);
            if (left) {
              admission.leave(left, undefined);
            }
          }
          expect(admission.size).toBe(naive.length);
        }
        expect(admission.tasks()).toEqual(naive);
      }),
      { numRuns: 200 },
    );
  });
});
