import { able, type PayloadWay } from '../peers/pool.js';
import type { Measurement } from './figures.js';

const MARK = 42;

/** Bytes to a worker and back, one trip after the other. */
export const payload: Measurement<{ bytes: number; way: PayloadWay; trips: number }> = async (
  peer,
  { bytes, way, trips },
) => {
  const bounce = able(await peer.pool, 'bounce');
  let cargo = new Uint8Array(
    way === 'shared' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
  ) as Uint8Array;
  cargo[bytes - 1] = MARK;
  const startedAt = performance.now();
  for (let trip = 0; trip < trips; trip++) {
    cargo = await bounce(cargo, way);
  }
  const us = ((performance.now() - startedAt) * 1_000) / trips;
  if (cargo.length !== bytes || cargo[bytes - 1] !== MARK) {
    throw new Error(`${bytes} bytes came back as ${cargo.length}, or not as they went`);
  }
  return { us };
};
