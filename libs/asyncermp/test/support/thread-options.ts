import type { ThreadOptions } from '../../src/pool/channels/thread.channel.js';

/** Of a thread that builds its handlers' classes alone, and that has nothing to call in the application. */
export const threadOptions: Omit<ThreadOptions, 'manifest' | 'entryFile'> = {
  plan: () =>
    Promise.resolve({ registration: undefined, root: undefined, main: [], entry: undefined }),
  onInstances: () => undefined,
  onCall: () => Promise.reject(new Error('nothing to call')),
  onLost: () => undefined,
  uidPrefix: 'auto-',
  image: undefined,
  resourceLimits: {},
  maxHeapBytes: Infinity,
  strictClasses: false,
  env: undefined,
  execArgv: undefined,
};
