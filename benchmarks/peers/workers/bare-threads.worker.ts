import { parentPort } from 'node:worker_threads';
import { meet, work } from '../../work/work.js';
import type { PayloadWay } from '../pool.js';

type Message =
  | ['work', steps: number]
  | ['meet', barrier: Int32Array, parties: number]
  | ['bounce', bytes: Uint8Array<ArrayBuffer>, way: PayloadWay];

parentPort?.on('message', (message: Message) => {
  switch (message[0]) {
    case 'work':
      parentPort?.postMessage(work(message[1]));
      break;
    case 'meet':
      parentPort?.postMessage(meet(message[1], message[2]));
      break;
    case 'bounce': {
      const [, bytes, way] = message;
      parentPort?.postMessage(bytes, way === 'transferred' ? [bytes.buffer] : []);
      break;
    }
  }
});
