import type { PeerUnderTest } from '../harness/peer-under-test.js';

/** What one measurement gives: a number for each of its metrics. */
export type Figures = Readonly<Record<string, number>>;

/** Measures a peer once, in a process of its own. */
export type Measurement<P> = (peer: PeerUnderTest, params: P) => Promise<Figures>;
