import * as timers from 'node:timers';

/*
 * The timers of the library. Workers run in real time, so what is measured against them has to as well: time
 * limits, grace periods, starts, a shutdown. Fake timers of vitest, jest and sinon replace the global functions,
 * and a test that does not move their clock would wait without an end. These are taken when the library is loaded.
 */

export const setTimeout = timers.setTimeout;
export const clearTimeout = timers.clearTimeout;
export const setImmediate = timers.setImmediate;
