/** A run of less than this, in ms, is a short one: what it costs to bring it to a worker counts. */
export const SHORT_RUN_MS = 0.5;
