import { parentPort } from 'node:worker_threads';
import { work } from '../../work/work.js';

parentPort?.on('message', ([id, steps]: [number, number]) => {
  parentPort?.postMessage([id, work(steps)]);
});
