import type { PeerUnderTest } from '../harness/peer-under-test.js';

/** The result of a measurement: a number for each metric. */
export type Figures = Readonly<Record<string, number>>;

/** Measures a peer once, in a process of its own. */
export type Measurement<P> = (peer: PeerUnderTest, params: P) => Promise<Figures>;
