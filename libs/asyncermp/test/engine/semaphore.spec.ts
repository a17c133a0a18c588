import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/engine/semaphore.js';

describe('Semaphore', () => {
  it('gives out as many permits as its limit, and released ones again', () => {
    const semaphore = new Semaphore(2);
    expect([1, 2, 3].map(() => semaphore.tryAcquire())).toEqual([true, true, false]);
    expect([semaphore.limit, semaphore.held, semaphore.available]).toEqual([2, 2, 0]);
    semaphore.release();
    expect([semaphore.held, semaphore.available]).toEqual([1, 1]);
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it('refuses a release if no permit is held, and does not change', () => {
    const semaphore = new Semaphore(1);
    expect(() => semaphore.release()).toThrow('was not held');
    expect([semaphore.held, semaphore.available]).toEqual([0, 1]);
  });

  it('gives out no permit after resize() below the held ones until enough are released', () => {
    const semaphore = new Semaphore(3);
    for (let permit = 0; permit < 3; permit += 1) {
      semaphore.tryAcquire();
    }
    semaphore.resize(1);
    expect([semaphore.held, semaphore.available]).toEqual([3, 0]);
    semaphore.release();
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it('gives out more permits at once after resize() to a higher limit', () => {
    const semaphore = new Semaphore(0);
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.resize(1);
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it('counts permits without a limit, too', () => {
    const semaphore = new Semaphore(Infinity);
    expect(semaphore.tryAcquire()).toBe(true);
    expect([semaphore.held, semaphore.available]).toEqual([1, Infinity]);
  });

  it.each([-1, 1.5, NaN, -Infinity])('refuses %d as a limit, and does not change', (limit) => {
    expect(() => new Semaphore(limit)).toThrow(RangeError);
    const semaphore = new Semaphore(1);
    expect(() => semaphore.resize(limit)).toThrow(String(limit));
    expect(semaphore.limit).toBe(1);
  });

  it('never gives out a permit beyond its limit under random operations', () => {
    const step = fc.oneof(fc.constantFrom('acquire', 'release'), fc.nat(5));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const semaphore = new Semaphore(2);
        let held = 0;
        for (const what of steps) {
          if (typeof what === 'number') {
            semaphore.resize(what);
          } else if (what === 'release' && held > 0) {
            semaphore.release();
            held -= 1;
          } else if (what === 'acquire') {
            const room = held < semaphore.limit;
            expect(semaphore.tryAcquire()).toBe(room);
            if (room) {
              held += 1;
            }
          }
          expect(semaphore.held).toBe(held);
          expect(semaphore.available).toBe(Math.max(0, semaphore.limit - held));
        }
      }),
    );
  });
});
