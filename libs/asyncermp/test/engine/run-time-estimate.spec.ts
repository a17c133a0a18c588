import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunTimeEstimate } from '../../src/engine/handler-record.js';

function after(...runs: number[]): RunTimeEstimate {
  const estimate = new RunTimeEstimate();
  for (const ms of runs) {
    estimate.record(ms);
  }
  return estimate;
}

describe('RunTimeEstimate', () => {
  it('has no mean before four runs are known', () => {
    expect([after().meanMs, after(0.1).meanMs, after(0.1, 0.1, 0.1).meanMs]).toEqual(
      Array(3).fill(Infinity),
    );
    expect(after(0.1, 0.1, 0.1, 0.1).meanMs).toBeCloseTo(0.1);
    expect(after(1, 2, 3).samples).toBe(3);
  });

  it('follows one long run at once', () => {
    const estimate = after(...Array<number>(1_000).fill(0.05));
    estimate.record(10);
    expect(estimate.meanMs).toBeGreaterThan(5);
  });

  it('follows short runs only after several of them', () => {
    const estimate = after(10, 10, 10, 10, 0.1);
    expect(estimate.meanMs).toBeGreaterThan(5);
    for (let run = 0; run < 50; run += 1) {
      estimate.record(0.1);
    }
    expect(estimate.meanMs).toBeLessThan(0.5);
  });

  it('forgets a slow first run after more runs', () => {
    expect(after(50, ...Array<number>(60).fill(0.1)).meanMs).toBeLessThan(0.5);
  });

  it('does not regard one long run as typical, but many', () => {
    const estimate = after(...Array<number>(100).fill(0.05));
    estimate.record(10);
    expect(estimate.typicalMs).toBeLessThan(0.06);
    for (let run = 0; run < 200; run += 1) {
      estimate.record(10);
    }
    expect(estimate.typicalMs).toBeCloseTo(10, 1);
  });

  it('has no typical run before four runs are known, and accepts runs of 0 ms', () => {
    expect([after().typicalMs, after(0.1, 0.1, 0.1).typicalMs]).toEqual([Infinity, Infinity]);
    const estimate = after(0, 0, 0, 0);
    expect(estimate.typicalMs).toBe(0);
    for (let run = 0; run < 200; run += 1) {
      estimate.record(0.5);
    }
    expect(estimate.typicalMs).toBeCloseTo(0.5, 2);
  });

  it('has a mean between the shortest and the longest run, which favours long ones', () => {
    const run = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(run, { minLength: 4 }), run, (runs, last) => {
        const estimate = after(...runs);
        const before = estimate.meanMs;
        expect(before).toBeGreaterThanOrEqual(Math.min(...runs) * (1 - 1e-9));
        expect(before).toBeLessThanOrEqual(Math.max(...runs) * (1 + 1e-9));
        estimate.record(last);
        expect(estimate.meanMs).toBeGreaterThanOrEqual((last / 2) * (1 - 1e-9));
      }),
    );
  });
});
