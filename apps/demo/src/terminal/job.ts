import type { CliOptions } from './cli-options.js';

/** Work that the pool and the main thread can do, to compare the two. */
export interface Job<R = unknown> {
  readonly title: string;
  readonly parts: readonly JobPart<R>[];
  /** Completes the work and describes the outcome in a few lines. */
  finish(outcomes: readonly PromiseSettledResult<R>[]): Promise<readonly string[]>;
}

/** Creates a job from the options of the command line. */
export interface JobFactory {
  create(options: CliOptions): Job | Promise<Job>;
}

/** One part of a job. The same class does the work, either as a task or called in place. */
export interface JobPart<R> {
  inPool(): Promise<R>;
  inPlace(): Promise<R>;
}
