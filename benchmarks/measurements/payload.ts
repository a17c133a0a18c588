import { able, type PayloadWay } from '../peers/pool.js';
import type { Measurement } from './figures.js';

const MARK = 42;
/** Trips before the first measured one, so that V8 has compiled the code by then. */
const WARM_UPS = 2_000;

/**
 * The median time of a trip of bytes to a worker and back, one trip after another. The mean would mostly
 * show when V8 collects garbage, which large buffers outside of its heap cause now and then.
 */
export const payload: Measurement<{ bytes: number; way: PayloadWay; trips: number }> = async (
  peer,
  { bytes, way, trips },
) => {
  const bounce = able(await peer.pool, 'bounce');
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) {
    await bounce(allocate(1, way), way);
  }
  let cargo = allocate(bytes, way);
  cargo[bytes - 1] = MARK;
  const times: number[] = [];
  for (let trip = 0; trip < trips; trip++) {
    const startedAt = performance.now();
    cargo = await bounce(cargo, way);
    times.push((performance.now() - startedAt) * 1_000);
  }
  if (cargo.length !== bytes || cargo[bytes - 1] !== MARK) {
    throw new Error(`${bytes} bytes came back as ${cargo.length}, or not as they went`);
  }
  return { us: times.sort((a, b) => a - b)[trips >> 1] ?? 0 };
};

function allocate(bytes: number, way: PayloadWay): Uint8Array {
  return new Uint8Array(way === 'shared' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}
