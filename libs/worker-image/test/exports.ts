import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { buildImage } from '../src/worker-image.js';
import type { Answers, Questions } from './.fixtures/list-exports.js';

const thread = new URL('.fixtures/list-exports.js', import.meta.url);

/** Asks a new thread. */
export async function ask(questions: Questions): Promise<Answers> {
  const worker = new Worker(thread, { workerData: questions });
  const [answers] = (await once(worker, 'message')) as [Answers];
  await worker.terminate();
  return answers;
}

/** The exports of the files when Node loads them. */
export async function exportsOfFiles(files: readonly string[]): Promise<Answers['exports']> {
  return (await ask({ entries: [], files })).exports;
}

/** Their exports when an image of the entries was run before. */
export async function exportsWithImage(
  entries: readonly string[],
  files: readonly string[],
): Promise<Answers['exports']> {
  return (await ask({ image: buildImage(entries), entries, files })).exports;
}
