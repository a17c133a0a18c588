import type { StartPeer } from './pool.js';

/** All peers. Only the process that measures a peer loads it. */
export const peers = {
  'in-process': async () => (await import('./in-process.js')).start,
  worker_threads: async () => (await import('./bare-threads.js')).start,
  'posted ahead': async () => (await import('./posted-ahead.js')).start,
  piscina: async () => (await import('./piscina.js')).start,
  'piscina + Nest': async () => withNest(1),
  'piscina + Nest, 20 providers': async () => withNest(20),
  tinypool: async () => (await import('./tinypool.js')).start,
  workerpool: async () => (await import('./workerpool.js')).start,
  poolifier: async () => (await import('./poolifier.js')).start,
  'jest-worker': async () => (await import('./jest-worker.js')).start,
  'nestjs-asyncermp': async () => (await import('./asyncermp/one.js')).start,
  'nestjs-asyncermp, first start ever': firstStart,
  'nestjs-asyncermp, 20 providers': async () => (await import('./asyncermp/twenty.js')).start,
  'site in-process': async () => (await import('./site/in-process.js')).start,
  'site piscina': async () => (await import('./site/piscina.js')).start,
  'site nestjs-asyncermp': async () => (await import('./site/asyncermp.js')).start,
  'image in-process': async () => (await import('./image/in-process.js')).start,
  'image piscina': async () => (await import('./image/piscina.js')).start,
  'image nestjs-asyncermp': async () => (await import('./image/asyncermp.js')).start,
} satisfies Record<string, () => Promise<StartPeer>>;

export type PeerName = keyof typeof peers;

/** The pools that run tiny tasks, in the order of the tables. */
export const POOLS = [
  'worker_threads',
  'piscina',
  'tinypool',
  'workerpool',
  'poolifier',
  'jest-worker',
  'nestjs-asyncermp',
] as const satisfies readonly PeerName[];

async function firstStart(): Promise<StartPeer> {
  const { start } = await import('./asyncermp/one.js');
  return (options) => start({ ...options, firstStart: true });
}

async function withNest(providers: number): Promise<StartPeer> {
  const { startWith } = await import('./piscina-nest.js');
  return (options) => startWith(providers, options);
}
