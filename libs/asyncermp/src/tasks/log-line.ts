export type LogLevelName = 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';

/** One line of a worker's logger, on its way to the application's. */
export interface LogLine {
  readonly message: unknown;
  readonly context: string | undefined;
  /** What else the logger was given: a stack, further messages. */
  readonly extra: readonly unknown[];
  /** The task that was running where the line was written. */
  readonly uid: string | undefined;
  readonly handler: string | undefined;
}
