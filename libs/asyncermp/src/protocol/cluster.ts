import type cluster from 'node:cluster';

/**
 * The module `node:cluster`, when it is asked for: to load it takes a millisecond, and an import would load it in
 * every worker.
 */
export function clusterModule(): typeof cluster {
  // The type is that of an import, whose default export this is.
  return process.getBuiltinModule('node:cluster') as unknown as typeof cluster;
}
