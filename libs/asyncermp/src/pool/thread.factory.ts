import { entryFile } from '../worker/entry-file.js';
import type { Attempt } from './channels/channel.js';
import { ThreadChannel, type ThreadOptions } from './channels/thread.channel.js';
import { threadImage } from './channels/worker-image.js';
import type { Lane, LaneListener, WorkerFactory } from './lane.js';
import { WorkerLane } from './worker-lane.js';

/** Workers in threads. */
export class ThreadWorkerFactory<A extends Attempt> implements WorkerFactory<A> {
  readonly #options: ThreadOptions;

  /** @param preload - Whether workers are given an image of what they all load, where that can be. */
  constructor(options: Omit<ThreadOptions, 'entryFile' | 'image'>, preload: boolean) {
    const { execArgv, env } = options;
    const file = entryFile();
    const mayPreload = loadsPlainly(execArgv, typeof env === 'object' ? env : process.env);
    this.#options = {
      ...options,
      entryFile: file,
      image: preload && mayPreload && file !== undefined ? threadImage(file) : undefined,
    };
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new WorkerLane(id, listener, (events) => new ThreadChannel(id, this.#options, events));
  }
}

/** Options of Node that let other code see, change or find what is loaded: it would not see an image. */
const HOOKS = /^(?:-r|--require|--import|--loader|--experimental-loader|--experimental-policy)$/;

/** Options that change which file is found. */
const RESOLUTION = /^(?:-C|--conditions|--preserve-symlinks)$/;

/** It only silences Node's warnings about what vitest uses. */
const HARMLESS = /[\\/]vitest[\\/]suppress-warnings\.cjs$/;

/**
 * Whether the workers' modules are loaded by Node alone, and found as the application's are.
 *
 * @param execArgv - Node's options for the workers; undefined where they get the application's.
 * @param env - The workers' environment; without NODE_OPTIONS they get the application's.
 */
export function loadsPlainly(
  execArgv: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const own = optionsIn([...process.execArgv, ...wordsOf(process.env['NODE_OPTIONS'])]);
  const given = optionsIn([...(execArgv ?? []), ...wordsOf(env['NODE_OPTIONS'])]);
  const isOwn =
    execArgv === undefined && (env['NODE_OPTIONS'] ?? '') === (process.env['NODE_OPTIONS'] ?? '');
  // The image is made of what the application finds.
  const findOthers = !isOwn && [...own, ...given].some((option) => RESOLUTION.test(option));
  return !hasHooks(given) && !(execArgv === undefined && hasHooks(own)) && !findOthers;
}

function hasHooks(options: readonly string[]): boolean {
  return options.some((option, at) => HOOKS.test(option) && !HARMLESS.test(options[at + 1] ?? ''));
}

function wordsOf(text = ''): string[] {
  return text.split(/\s+/);
}

/** `--option=value` and `--option value` are the same. */
function optionsIn(words: readonly string[]): string[] {
  return words.flatMap((word) => (word.startsWith('-') ? splitOnce(word, '=') : [word]));
}

function splitOnce(word: string, separator: string): string[] {
  const at = word.indexOf(separator);
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
