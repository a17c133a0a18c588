import type { CliOptions } from './cli-options.js';

/** Work that can be done by the pool and on the main thread, to compare the two. */
export interface Job<R = unknown> {
  readonly title: string;
  readonly parts: readonly JobPart<R>[];
  /** Completes the work, and tells in a few lines what came of it. */
  finish(outcomes: readonly PromiseSettledResult<R>[]): Promise<readonly string[]>;
}

/** Makes a job of what the command line says. */
export interface JobFactory {
  create(options: CliOptions): Job | Promise<Job>;
}

/** One part of it: the same work by the same class, either as a task or called in place. */
export interface JobPart<R> {
  inPool(): Promise<R>;
  inPlace(): Promise<R>;
}
