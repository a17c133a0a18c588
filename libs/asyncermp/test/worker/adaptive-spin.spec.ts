import { describe, expect, it } from 'vitest';
import { AdaptiveSpin } from '../../src/worker/inbox.js';

/** Runs it this number of times. Returns how many times it spun. */
function spins(times: number, spin: AdaptiveSpin, tries: { count: number }): number {
  const before = tries.count;
  for (let time = 0; time < times; time++) {
    spin.run();
  }
  return tries.count - before;
}

/** An AdaptiveSpin that succeeds while `pays` is true. */
function make(): { spin: AdaptiveSpin; tries: { count: number; pays: boolean } } {
  const tries = { count: 0, pays: true };
  const spin = new AdaptiveSpin(() => {
    tries.count++;
    return tries.pays;
  });
  return { spin, tries };
}

describe('AdaptiveSpin', () => {
  it('spins every time while spinning succeeds', () => {
    const { spin, tries } = make();
    expect(spins(1_000, spin, tries)).toBe(1_000);
  });

  it('rarely spins while spinning fails', () => {
    const { spin, tries } = make();
    tries.pays = false;
    expect(spins(1_000, spin, tries)).toBeLessThan(1_000 / 30);
  });

  it('goes on spinning after one failure, and soon again after many', () => {
    const { spin, tries } = make();
    spins(10, spin, tries);
    tries.pays = false;
    spins(1, spin, tries);
    tries.pays = true;
    expect(spins(10, spin, tries)).toBe(10);
    tries.pays = false;
    spins(1_000, spin, tries);
    tries.pays = true;
    spins(40, spin, tries);
    expect(spins(10, spin, tries)).toBe(10);
  });

  it('returns whether the message came, and false if it did not spin', () => {
    const { spin, tries } = make();
    expect(spin.run()).toBe(true);
    tries.pays = false;
    expect(Array.from({ length: 10 }, () => spin.run())).not.toContain(true);
  });
});
