import { describe, expect, it } from 'vitest';
import { Doorbell } from '../../src/protocol/doorbell.js';

describe('Doorbell', () => {
  it('misses no ring between rings() and the wait', () => {
    const doorbell = new Doorbell();
    const worker = new Doorbell(doorbell.buffer);
    const rings = worker.rings();
    doorbell.ring();
    expect(worker.watch(rings, 10_000)).toBe(true);
    expect(worker.wait(rings, 10_000)).toBe(true);
  });

  it('stops waiting after its limit if there is no ring', () => {
    const worker = new Doorbell();
    expect(worker.watch(worker.rings(), 0.03)).toBe(false);
    expect(worker.wait(worker.rings(), 1)).toBe(false);
  });
});
