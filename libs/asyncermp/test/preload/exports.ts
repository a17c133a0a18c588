import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { buildImage } from '../../src/preload/build-image.js';
import type { Answers, Questions } from '../.fixtures/preload/tell-exports.js';

const thread = new URL('../.fixtures/preload/tell-exports.js', import.meta.url);

/** Asks a new thread. */
export async function ask(questions: Questions): Promise<Answers> {
  const worker = new Worker(thread, { workerData: questions });
  const [answers] = (await once(worker, 'message')) as [Answers];
  await worker.terminate();
  return answers;
}

/** What the files export when Node loads them. */
export async function exportsOfFiles(files: readonly string[]): Promise<Answers['told']> {
  return (await ask({ entries: [], files })).told;
}

/** What they export when an image of the entries was run before. */
export async function exportsWithImage(
  entries: readonly string[],
  files: readonly string[],
): Promise<Answers['told']> {
  return (await ask({ image: buildImage(entries), entries, files })).told;
}
